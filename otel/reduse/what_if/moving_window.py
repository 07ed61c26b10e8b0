"""Moving windows: a request is let through when fewer than so many of its user were in the seconds before it.

It matters when within a second a request comes: a place in the window that becomes free waits for the next one. What is
recorded does not say it, so requests are taken as spread evenly, the first of them at another moment in each second.
"""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64, UInt8
from reduse.what_if.growing import grown
from reduse.what_if.limiter import Limiter
from reduse.what_if.users import Runs

# Into so many moments a second is divided at most: then several requests come at once.
MOMENTS = 250
# Moments at which seconds begin are as unlike each other as can be.
_GOLDEN = 0.6180339887498949


class MovingWindows:
    """What of each user was let through in the last seconds, and when."""

    def __init__(self, limiter: Limiter) -> None:
        self._window = limiter.window
        # By place of the user how many entries it has; of these, one user after another: when (s), and what was spent.
        self._sizes: Int64 = np.empty(0, np.int64)
        self._length = 0
        self._times: Float64 = np.empty(0)
        self._spent: Float64 = np.empty(0)
        # Room for those of the next batch: these arrays take turns, as new ones would cost more than what is done.
        self._next_times: Float64 = np.empty(0)
        self._next_spent: Float64 = np.empty(0)

    def grow(self, moved: Int64, size: int) -> None:
        """Users are now at these places, of so many: those who stay keep their order, so nothing else moves."""
        self._sizes = grown(self._sizes, moved, size, 0)

    def rejected(self, arrivals: Arrivals, runs: Runs, closed: UInt8, first: int) -> Int64:  # noqa: ARG002 - as others
        """Of each row the requests rejected."""
        rejected = np.zeros(len(arrivals.users), np.int64)
        room = self._length + int(np.minimum(arrivals.counts, MOMENTS).sum())
        if len(self._next_times) < room:
            self._next_times, self._next_spent = np.empty(room + room // 4), np.empty(room + room // 4)
        self._length = _spend(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.costs,
            float(self._window.requests),
            float(self._window.seconds),
            self._sizes,
            self._times,
            self._spent,
            # Later batches begin no earlier.
            float(arrivals.windows.min() - self._window.seconds),
            self._next_times,
            self._next_spent,
            rejected,
        )
        self._times, self._next_times = self._next_times, self._times
        self._spent, self._next_spent = self._next_spent, self._spent
        return rejected


@compiled
def _spend(
    begins: Int64,
    places: Int64,
    windows: Int64,
    counts: Int64,
    costs: Float64,
    amount: float,
    length: float,
    sizes: Int64,
    old_times: Float64,
    old_spent: Float64,
    oldest: float,
    times: Float64,
    spent: Float64,
    rejected: Int64,
) -> int:
    """Into `times` and `spent` go those entries that are later than `oldest`; returns how many these are."""
    run, old, out = 0, 0, 0
    for place in range(len(sizes)):
        # Its entries are from `head` up to `tail`; they were moved here.
        head, tail = out, out + sizes[place]
        times[head:tail], spent[head:tail] = old_times[old : old + sizes[place]], old_spent[old : old + sizes[place]]
        old += sizes[place]
        if run < len(places) and places[run] == place:
            rows = slice(begins[run], begins[run + 1])
            head, tail = _spend_one(
                windows[rows], counts[rows], costs[rows], amount, length, times, spent, head, tail, rejected[rows]
            )
            run += 1
        kept = out
        for each in range(head, tail):
            if times[each] > oldest:
                times[kept], spent[kept] = times[each], spent[each]
                kept += 1
        sizes[place] = kept - out
        out = kept
    return out


@compiled
def _spend_one(
    windows: Int64,
    counts: Int64,
    costs: Float64,
    amount: float,
    length: float,
    times: Float64,
    spent: Float64,
    head: int,
    tail: int,
    rejected: Int64,
) -> tuple[int, int]:
    """Of one user, whose entries are from `head` up to `tail`; returns where they are after it."""
    held = spent[head:tail].sum()
    for row in range(len(windows)):
        count = int(counts[row])
        moments = min(count, MOMENTS)
        begin = windows[row] * _GOLDEN % 1.0
        cost = costs[row] if len(costs) else 1.0
        for moment in range(moments):
            time = windows[row] + (moment + begin) / moments
            while head < tail and times[head] <= time - length:
                held -= spent[head]
                head += 1
            if head == tail:
                # Sums of costs that are no whole numbers would keep a rest.
                held = 0.0
            come = count * (moment + 1) // moments - count * moment // moments
            allowed = min(float(come), max(0.0, np.floor((amount - held) / cost)))
            rejected[row] += come - np.int64(allowed)
            if allowed > 0.0:
                times[tail], spent[tail] = time, allowed * cost
                held += spent[tail]
                tail += 1
    return head, tail
