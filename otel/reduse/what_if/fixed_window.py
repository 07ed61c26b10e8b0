"""Fixed windows: so many requests of a user from the beginning of each period of the clock on (UTC)."""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64
from reduse.what_if.limiter import Limiter
from reduse.what_if.per_user import PerUser
from reduse.what_if.seconds import Seconds
from reduse.what_if.users import Runs


class FixedWindows:
    """What each user has spent of the newest period with requests."""

    def __init__(self, limiter: Limiter) -> None:
        self._window = limiter.window
        # Spent in the period of this number.
        self._spent = PerUser(np.float64, 0)
        self._periods = PerUser(np.int64, -1)

    def grow(self, size: int) -> None:
        self._spent.grow(size)
        self._periods.grow(size)

    def reorder(self, order: Int64) -> None:
        self._spent.reorder(order)
        self._periods.reorder(order)

    def rejected(self, arrivals: Arrivals, runs: Runs, seconds: Seconds) -> Int64:  # noqa: ARG002 - as others
        rejected = np.zeros(len(arrivals.users), np.int64)
        _spend(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.costs,
            float(self._window.requests),
            self._window.seconds,
            self._spent.values,
            self._periods.values,
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
    seconds: int,
    spent_by_place: Float64,
    periods: Int64,
    rejected: Int64,
) -> None:
    for run in range(len(places)):
        place = places[run]
        spent, newest = spent_by_place[place], periods[place]
        for row in range(begins[run], begins[run + 1]):
            count = np.int64(counts[row])
            period = np.int64(windows[row]) // seconds
            if period != newest:
                spent, newest = 0.0, period
            cost = costs[row] if len(costs) else 1.0
            allowed = min(float(count), np.floor((amount - spent) / cost))
            rejected[row] = count - np.int64(allowed)
            spent += allowed * cost
        spent_by_place[place], periods[place] = spent, newest
