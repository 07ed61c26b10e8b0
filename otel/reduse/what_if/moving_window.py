"""Moving windows: a request is let through when fewer than so many of its user were in the seconds before it."""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64, UInt8
from reduse.what_if.growing import grown
from reduse.what_if.limiter import Limiter
from reduse.what_if.users import Runs


class MovingWindows:
    """What of each user was let through in the last seconds, second by second.

    A second that leaves the window makes room as evenly as requests come in the second that enters it.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._window = limiter.window
        # By place of the user how many seconds it has; of these, one user after another: which, and what was spent.
        self._sizes: Int64 = np.empty(0, np.int64)
        self._seconds: Int64 = np.empty(0, np.int64)
        self._spent: Float64 = np.empty(0)

    def grow(self, moved: Int64, size: int) -> None:
        """Users are now at these places, of so many: those who stay keep their order, so nothing else moves."""
        self._sizes = grown(self._sizes, moved, size, 0)

    def refused(self, arrivals: Arrivals, runs: Runs, closed: UInt8, first: int) -> Int64:  # noqa: ARG002 - as others
        """Of each row the requests refused."""
        refused = np.zeros(len(arrivals.users), np.int64)
        self._seconds, self._spent = _spend(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.costs,
            float(self._window.requests),
            self._window.seconds,
            self._sizes,
            self._seconds,
            self._spent,
            # Later batches begin no earlier.
            int(arrivals.windows.min()) - self._window.seconds,
            refused,
        )
        return refused


@compiled
def _spend(
    begins: Int64,
    places: Int64,
    windows: Int64,
    counts: Int64,
    costs: Float64,
    amount: float,
    length: int,
    sizes: Int64,
    old_seconds: Int64,
    old_spent: Float64,
    oldest: int,
    refused: Int64,
) -> tuple[Int64, Float64]:
    """`sizes` becomes that of what is returned: seconds and what was spent in them, newer than `oldest`."""
    room = len(old_seconds) + len(windows)
    seconds, spent = np.empty(room, np.int64), np.empty(room)
    run, old, out = 0, 0, 0
    for place in range(len(sizes)):
        # Its seconds are from `head` up to `tail`; they were moved here.
        tail = out + sizes[place]
        seconds[out:tail], spent[out:tail] = old_seconds[old : old + sizes[place]], old_spent[old : old + sizes[place]]
        old += sizes[place]
        head = out
        if run < len(places) and places[run] == place:
            rows = slice(begins[run], begins[run + 1])
            head, tail = _spend_one(
                windows[rows], counts[rows], costs[rows], amount, length, seconds, spent, head, tail, refused[rows]
            )
            run += 1
        kept = out
        for each in range(head, tail):
            if seconds[each] > oldest:
                seconds[kept], spent[kept] = seconds[each], spent[each]
                kept += 1
        sizes[place] = kept - out
        out = kept
    return seconds[:out].copy(), spent[:out].copy()


@compiled
def _spend_one(
    windows: Int64,
    counts: Int64,
    costs: Float64,
    amount: float,
    length: int,
    seconds: Int64,
    spent: Float64,
    head: int,
    tail: int,
    refused: Int64,
) -> tuple[int, int]:
    """Of one user, whose seconds are from `head` up to `tail`; returns where they are after it."""
    held = spent[head:tail].sum()
    for row in range(len(windows)):
        count, second = np.int64(counts[row]), np.int64(windows[row])
        while head < tail and seconds[head] <= second - length:
            held -= spent[head]
            head += 1
        if head == tail:
            # Sums of costs that are no whole numbers would keep a rest.
            held = 0.0
        cost = costs[row] if len(costs) else 1.0
        allowed = min(float(count), max(0.0, np.floor((amount - held) / cost)))
        refused[row] = count - np.int64(allowed)
        if allowed > 0.0:
            seconds[tail], spent[tail] = second, allowed * cost
            held += spent[tail]
            tail += 1
    return head, tail
