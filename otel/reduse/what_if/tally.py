"""What a limiter has rejected so far: by second, by user, and whom by hour."""

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64
from reduse.what_if.per_user import PerUser
from reduse.what_if.users import Runs

HOUR = 3600


class Tally:
    """Counts something of each row: what was sent, or what was rejected of it. From the second `counted_from` on.

    `by_second` has an entry for each second from `first` on, `users_by_hour` one for each hour from that of
    `counted_from` on: different users of whom something was counted in it.
    """

    def __init__(self, first: int, seconds: int, counted_from: int) -> None:
        self._first, self._counted_from = first, counted_from
        hours = (first + seconds - 1) // HOUR - counted_from // HOUR + 1
        self.by_second: Int64 = np.zeros(seconds, np.int64)
        self.users_by_hour: Int64 = np.zeros(max(hours, 1), np.int64)
        self._by_user = PerUser(np.int64, 0)
        # The newest in which something was counted.
        self._hours = PerUser(np.int64, 0)
        self._users = 0
        # Of the server's time, the part of the requests counted: as each of a user's in a second had the same.
        self._microseconds: Float64 = np.zeros(1)

    @property
    def seconds(self) -> float:
        """Of the server, for the requests counted."""
        return float(self._microseconds[0]) / 1e6

    @property
    def by_user(self) -> Int64:
        """By place."""
        return self._by_user.values[: self._users]

    def grow(self, size: int) -> None:
        self._users = size
        self._by_user.grow(size)
        self._hours.grow(size)

    def reorder(self, order: Int64) -> None:
        self._by_user.reorder(order)
        self._hours.reorder(order)

    def add(self, arrivals: Arrivals, runs: Runs, counted: Int64) -> None:
        """So many requests of each row."""
        _add(
            *runs,
            arrivals.windows,
            arrivals.counts,
            arrivals.microseconds,
            counted,
            self._first,
            self._counted_from,
            self.by_second,
            self._by_user.values,
            self._hours.values,
            self.users_by_hour,
            self._microseconds,
        )


@compiled
def _add(
    begins: Int64,
    places: Int64,
    windows: Int64,
    counts: Int64,
    microseconds: Int64,
    counted: Int64,
    first: int,
    counted_from: int,
    by_second: Int64,
    by_user: Int64,
    hours: Int64,
    users_by_hour: Int64,
    in_all: Float64,
) -> None:
    run, first_hour = 0, counted_from // HOUR
    for row in range(len(counted)):
        number = counted[row]
        if not number or windows[row] < counted_from:
            continue
        by_second[windows[row] - first] += number
        count = counts[row]
        in_all[0] += microseconds[row] if number == count else microseconds[row] * (number / count)
        while begins[run + 1] <= row:
            run += 1
        place = places[run]
        by_user[place] += number
        hour = windows[row] // HOUR
        if hours[place] != hour:
            hours[place] = hour
            users_by_hour[hour - first_hour] += 1


@compiled
def add_by_second(windows: Int64, counts: Int64, first: int, by_second: Int64) -> None:
    """Add the rows up, into entries for each second from `first` on."""
    for row in range(len(windows)):
        by_second[np.int64(windows[row]) - first] += counts[row]
