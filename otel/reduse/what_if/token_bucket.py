"""Token buckets, with the arithmetic of the processor's ladder to the last bit.

The ladder fills every bucket at every second that it closes, so a bucket of a user who was silent is filled second by
second here too: a sum of many tenths is not their product. Loops that are compiled are kept on disk by the file they
stand in alone, so the ladder's cannot be called from here; a test holds both to the same answers.
"""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64, UInt8
from reduse.what_if.limiter import Limiter
from reduse.what_if.per_user import PerUser
from reduse.what_if.seconds import Seconds
from reduse.what_if.users import Runs

# Sums of numbers that are multiples of a part of one are exact, as long as they are small: a silence is then one step.
_PARTS = 1024.0
_SMALL = 2.0**40


class TokenBuckets:
    """The buckets of all users under one limit; a user not seen before has a full one."""

    def __init__(self, limiter: Limiter) -> None:
        self._flows_in, self._capacity = limiter.per_second, limiter.capacity
        parts = (self._flows_in * _PARTS, self._capacity * _PARTS)
        self._exact = all(number.is_integer() and number < _SMALL for number in parts)
        # Tokens after the second `last`, which is counted from the first of the replay on.
        self._tokens = PerUser(np.float64, self._capacity)
        self._last = PerUser(np.int64, 0)

    def grow(self, size: int) -> None:
        self._tokens.grow(size)
        self._last.grow(size)

    def reorder(self, order: Int64) -> None:
        self._tokens.reorder(order)
        self._last.reorder(order)

    def rejected(self, arrivals: Arrivals, runs: Runs, seconds: Seconds) -> Int64:
        rejected = np.zeros(len(arrivals.users), np.int64)
        _spend(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.costs,
            seconds.closed,
            seconds.open_before,
            seconds.first,
            self._flows_in,
            self._capacity,
            self._exact and not len(arrivals.costs),
            self._tokens.values,
            self._last.values,
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
    closed: UInt8,
    open_before: Int64,
    first: int,
    flows_in: float,
    capacity: float,
    exact: bool,
    tokens: Float64,
    last: Int64,
    rejected: Int64,
) -> None:
    most = np.floor(flows_in)
    for run in range(len(places)):
        place = places[run]
        held, before = tokens[place], int(last[place])
        for row in range(begins[run], begins[run + 1]):
            count = np.int64(counts[row])
            if not count:
                continue
            second = int(windows[row]) - first
            missed = 0.0
            if held < capacity:
                silent = second - before - 1
                if exact:
                    held = min(held + flows_in * silent, capacity)
                elif open_before[second] > open_before[before + 1]:
                    held, missed = _fill(held, closed[before + 1 : second], flows_in, capacity)
                elif held + flows_in * silent > 1.000_001 * capacity:
                    # It is full, whatever is lost by rounding.
                    held = capacity
                else:
                    for _ in range(silent):
                        held += flows_in
                    held = min(held, capacity)
            cost = costs[row] if len(costs) else 1.0
            before = second
            # A full bucket stays full as long as no more is spent than flows in.
            if held >= capacity and count * cost <= most:
                continue
            available = min(held + flows_in * missed, capacity) + flows_in
            allowed = min(float(count), np.floor(available if cost == 1.0 else available / cost))
            rejected[row] = count - np.int64(allowed)
            held = min(available - allowed * cost, capacity)
        tokens[place], last[place] = held, before


@compiled
def _fill(held: float, closed: UInt8, flows_in: float, capacity: float) -> tuple[float, float]:
    """What the bucket has after these seconds; and how many of them, the last ones, were not closed."""
    missed = 0.0
    for each in closed:
        if not each:
            missed += 1.0
            continue
        held = min(held + flows_in * missed, capacity) + flows_in
        missed = 0.0
        if held >= capacity:
            return capacity, 0.0
    return held, missed
