"""Fixed windows: so many requests of a user from the beginning of each period of the clock on (UTC)."""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64, UInt8
from reduse.what_if.growing import grown
from reduse.what_if.limiter import Limiter
from reduse.what_if.users import Runs


class FixedWindows:
    """What each user has spent of the newest period with requests."""

    def __init__(self, limiter: Limiter) -> None:
        self._window = limiter.window
        # By place of the user: spent in the period of this number.
        self._spent: Float64 = np.empty(0)
        self._periods: Int64 = np.empty(0, np.int64)

    def grow(self, moved: Int64, size: int) -> None:
        """Users are now at these places, of so many."""
        self._spent = grown(self._spent, moved, size, 0)
        self._periods = grown(self._periods, moved, size, -1)

    def rejected(self, arrivals: Arrivals, runs: Runs, closed: UInt8, first: int) -> Int64:  # noqa: ARG002 - as others
        """Of each row the requests rejected."""
        rejected = np.zeros(len(arrivals.users), np.int64)
        _spend(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.costs,
            float(self._window.requests),
            self._window.seconds,
            self._spent,
            self._periods,
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
