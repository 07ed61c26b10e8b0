"""Moving windows: a request is let through when fewer than so many of its user were in the seconds before it.

It matters when within a second a request comes: a place in the window that becomes free waits for the next one. What is
recorded does not say it, so requests are taken as spread evenly, the first of them at another moment in each second.
"""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64
from reduse.what_if.limiter import Limiter
from reduse.what_if.per_user import PerUser
from reduse.what_if.seconds import Seconds
from reduse.what_if.users import Runs

# Into so many moments a second is divided at most: then several requests come at once.
MOMENTS = 250
# Moments at which seconds begin are as unlike each other as can be.
_GOLDEN = 0.6180339887498949
# Of a user's ring: where it begins, for how many entries there is room, which is the oldest, how many there are.
FIRST, ROOM, OLDEST, SIZE = range(4)
# Room of a user's first ring; it doubles.
_SMALLEST = 4
# Entries left behind, below which nothing is won by packing.
_FEW = 1 << 20


class MovingWindows:
    """What of each user was let through in the last seconds, and when: a ring of entries for each user."""

    def __init__(self, limiter: Limiter) -> None:
        self._window = limiter.window
        self._rings = PerUser(np.int64, 0, SIZE + 1)
        # The entries of all rings: when (s), and what was spent, which is not kept while each request costs one.
        self._times: Float64 = np.empty(0)
        self._spent: Float64 = np.empty(0)
        self._costs = False
        # So many entries are of rings, or of such that were left for larger ones.
        self._taken, self._pack_at = 0, _FEW

    def grow(self, size: int) -> None:
        self._rings.grow(size)

    def reorder(self, order: Int64) -> None:
        self._rings.reorder(order)

    def rejected(self, arrivals: Arrivals, runs: Runs, seconds: Seconds) -> Int64:
        if len(arrivals.costs) and not self._costs:
            self._costs, self._spent = True, np.ones(len(self._times))
        if self._taken > self._pack_at:
            oldest = float(seconds.begin - self._window.seconds)
            self._times, self._spent, self._taken = _packed(
                self._rings.values, self._times, self._spent, self._costs, oldest
            )
            self._pack_at = 2 * self._taken + _FEW
        rejected = np.zeros(len(arrivals.users), np.int64)
        self._times, self._spent, self._taken = _spend(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.costs,
            float(self._window.requests),
            float(self._window.seconds),
            self._rings.values,
            self._times,
            self._spent,
            self._costs,
            self._taken,
            rejected,
        )
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
    rings: Int64,
    times: Float64,
    spent: Float64,
    with_costs: bool,
    taken: int,
    rejected: Int64,
) -> tuple[Float64, Float64, int]:
    """The entries, which may have moved, and how many of them are taken."""
    for run in range(len(places)):
        ring = rings[places[run]]
        held = _held(ring, spent) if with_costs else float(ring[SIZE])
        for row in range(begins[run], begins[run + 1]):
            count = int(counts[row])
            moments = min(count, MOMENTS)
            begin = windows[row] * _GOLDEN
            begin -= np.floor(begin)
            cost = costs[row] if len(costs) else 1.0
            for moment in range(moments):
                time = windows[row] + (moment + begin) / moments
                held = _expire(ring, times, spent, with_costs, time - length, held)
                come = 1 if moments == count else count * (moment + 1) // moments - count * moment // moments
                allowed = min(float(come), max(0.0, np.floor((amount - held) / cost)))
                rejected[row] += come - int(allowed)
                if allowed == 0.0:
                    continue
                held += allowed * cost
                entries = 1 if with_costs else int(allowed)
                if ring[SIZE] + entries > ring[ROOM]:
                    times, spent, taken = _enlarge(ring, entries, times, spent, with_costs, taken)
                for _ in range(entries):
                    entry = _entry(ring, ring[SIZE])
                    times[entry] = time
                    if with_costs:
                        spent[entry] = allowed * cost
                    ring[SIZE] += 1
    return times, spent, taken


@compiled
def _entry(ring: Int64, number: int) -> int:
    """Where the entry is that comes so many after the oldest."""
    place = ring[OLDEST] + number
    return int(ring[FIRST] + (place if place < ring[ROOM] else place - ring[ROOM]))


@compiled
def _held(ring: Int64, spent: Float64) -> float:
    held = 0.0
    for number in range(ring[SIZE]):
        held += spent[_entry(ring, number)]
    return held


@compiled
def _expire(ring: Int64, times: Float64, spent: Float64, with_costs: bool, until: float, held: float) -> float:
    """Entries up to this time go; returns what the others hold."""
    while ring[SIZE] > 0 and times[ring[FIRST] + ring[OLDEST]] <= until:
        held -= spent[ring[FIRST] + ring[OLDEST]] if with_costs else 1.0
        ring[OLDEST] = ring[OLDEST] + 1 if ring[OLDEST] + 1 < ring[ROOM] else 0
        ring[SIZE] -= 1
    # Sums of costs that are no whole numbers would keep a rest.
    return held if ring[SIZE] > 0 else 0.0


@compiled
def _enlarge(
    ring: Int64, entries: int, times: Float64, spent: Float64, with_costs: bool, taken: int
) -> tuple[Float64, Float64, int]:
    """The ring gets room for so many entries more, behind all that are taken."""
    room = max(_SMALLEST, 2 * ring[ROOM])
    while room < ring[SIZE] + entries:
        room *= 2
    if taken + room > len(times):
        times = _longer(times, taken + room)
        if with_costs:
            spent = _longer(spent, taken + room)
    _move(ring, taken, room, times, spent, times, spent, with_costs)
    return times, spent, taken + room


@compiled
def _longer(values: Float64, least: int) -> Float64:
    new = np.empty(least + least // 2)
    new[: len(values)] = values
    return new


@compiled
def _move(
    ring: Int64,
    first: int,
    room: int,
    times: Float64,
    spent: Float64,
    new_times: Float64,
    new_spent: Float64,
    with_costs: bool,
) -> None:
    for number in range(ring[SIZE]):
        entry = _entry(ring, number)
        new_times[first + number] = times[entry]
        if with_costs:
            new_spent[first + number] = spent[entry]
    ring[FIRST], ring[ROOM], ring[OLDEST] = first, room, 0


@compiled
def _packed(
    rings: Int64, times: Float64, spent: Float64, with_costs: bool, oldest: float
) -> tuple[Float64, Float64, int]:
    """The entries that are later than `oldest`, the rings in the order of places; and how many are taken."""
    taken = 0
    for place in range(len(rings)):
        _expire(rings[place], times, spent, with_costs, oldest, 0.0)
        taken += _room(rings[place, SIZE])
    new_times, new_spent = np.empty(taken), np.empty(taken if with_costs else 0)
    taken = 0
    for place in range(len(rings)):
        room = _room(rings[place, SIZE])
        _move(rings[place], taken, room, times, spent, new_times, new_spent, with_costs)
        taken += room
    return new_times, new_spent, taken


@compiled
def _room(size: int) -> int:
    """That a packed ring of so many entries has: some more come."""
    room = _SMALLEST
    while room < size:
        room *= 2
    return room if size > 0 else 0
