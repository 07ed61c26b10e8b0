"""How many different users were seen in the last windows: exact."""

from __future__ import annotations

from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64, UInt16, UInt32
from reduse.processor.core.compiled import compiled

# A window's index is kept in 16 bits, so that ages wrap around here.
_WRAP = 2**16


@compiled
def _replace(last: UInt16, seen_last: UInt32, numbers: Int64, now: int, by: int) -> int:
    """Write down for these numbers that they were seen last at `by`; what was there does not count any more.

    Returns how many of them counted.
    """
    horizon, counted = len(seen_last), 0
    for number in numbers:
        age = (now - np.int64(last[number])) % _WRAP
        if age < horizon:
            seen_last[(now - age) % horizon] -= 1
            counted += 1
        last[number] = by % _WRAP
    return counted


@compiled
def _sum(seen_last: UInt32, first: int, last: int) -> int:
    """Of the windows with these indices, both included."""
    counted = 0
    for index in range(first, last + 1):
        counted += int(seen_last[index % len(seen_last)])
    return counted


@compiled
def _see(last: UInt16, seen_last: UInt32, numbers: Int64, before: int, index: int) -> int:
    """These numbers are seen in the window with this index, after the one with the index `before` was the newest.

    Returns by how many more were seen within the horizon.
    """
    horizon = len(seen_last)
    first = max(before + 1, index - horizon + 1)
    gone = _sum(seen_last, first, index)
    for each in range(first, index + 1):
        seen_last[each % horizon] = 0
    counted = _replace(last, seen_last, numbers, index, index)
    seen_last[index % horizon] += len(numbers)
    return len(numbers) - counted - gone


class LastSeen:
    """Counts the different users of the last `horizon` windows, and of any fewer; users are given by their numbers.

    Two bytes a user. How many were seen last in each window is kept beside them, so that counting looks at no user; it
    follows from them, and is no part of the state.
    """

    def __init__(self, horizon: int) -> None:
        if 4 * horizon > _WRAP:
            raise ValueError(f"a horizon of {horizon} windows is more than {_WRAP // 4}")
        self._horizon = horizon
        # By number: the low bits of the window's index. Of those never seen: of some window before the horizon.
        self._last: UInt16 = np.empty(0, np.uint16)
        # At index % horizon: how many were seen last in that window, the newest being `_index`.
        self._seen_last: UInt32 = np.zeros(horizon, np.uint32)
        # The sum of these.
        self._seen = 0
        self._index = 0
        self._swept = 0

    def see(self, numbers: Int64, index: int, end: int) -> None:
        """These users, each once and below `end`, are in the window of this index; indices rise."""
        if not len(numbers) and not self._seen:
            # There is nobody to become older.
            return
        if end > len(self._last) and len(numbers):
            never = np.full(end - len(self._last), self._before_horizon, np.uint16)
            self._last = np.concatenate([self._last, never])
        # Before an age could come round and look young again.
        if index - self._swept >= _WRAP - 3 * self._horizon:
            self._sweep(index)
        self._seen += _see(self._last, self._seen_last, numbers, self._index, index)
        self._index = index

    def forget(self, numbers: Int64) -> None:
        """These numbers are not those users' any more."""
        numbers = numbers[numbers < len(self._last)]
        self._seen -= _replace(self._last, self._seen_last, numbers, self._index, self._before_horizon)

    def active(self, windows: int) -> int:
        """How many were seen in the last so many windows, at most `horizon`."""
        if windows == self._horizon:
            return self._seen
        return _sum(self._seen_last, self._index - windows + 1, self._index)

    @property
    def _before_horizon(self) -> int:
        return (self._index - 2 * self._horizon) % _WRAP

    def _ages(self, last: UInt16) -> UInt16:
        return np.uint16(self._index % _WRAP) - last

    def _sweep(self, index: int) -> None:
        if index - self._index < self._horizon:
            stale = self._ages(self._last) >= self._horizon
        else:
            stale = np.ones(len(self._last), np.bool_)
        self._last[stale] = (index - 2 * self._horizon) % _WRAP
        self._swept = index

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {"index": self._index, "swept": self._swept, "last": self._last}

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` with the same horizon gave."""
        self._index, self._swept = state["index"], state["swept"]
        self._last = state["last"].copy()
        ages = self._ages(self._last)
        by_age = np.bincount(ages[ages < self._horizon], minlength=self._horizon)
        self._seen_last[(self._index - np.arange(self._horizon)) % self._horizon] = by_age
        self._seen = int(by_age.sum())
