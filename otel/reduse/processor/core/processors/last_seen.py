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
def _clear(seen_last: UInt32, first: int, last: int) -> int:
    """The same, which is 0 from then on."""
    counted = _sum(seen_last, first, last)
    for index in range(first, last + 1):
        seen_last[index % len(seen_last)] = 0
    return counted


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
        self._advance(index)
        if not len(numbers):
            return
        if end > len(self._last):
            never = np.full(end - len(self._last), self._before_horizon, np.uint16)
            self._last = np.concatenate([self._last, never])
        self._seen += len(numbers) - _replace(self._last, self._seen_last, numbers, index, index)
        self._seen_last[index % self._horizon] += len(numbers)

    def forget(self, numbers: Int64) -> None:
        """These numbers are not those users' any more."""
        if len(numbers):
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

    def _advance(self, index: int) -> None:
        passed = min(index - self._index, self._horizon)
        if passed <= 0:
            return
        # Before an age could come round and look young again.
        if index - self._swept >= _WRAP - 3 * self._horizon:
            stale = self._ages(self._last) >= self._horizon if passed < self._horizon else slice(None)
            self._swept = self._index = index
            self._last[stale] = self._before_horizon
        self._seen -= _clear(self._seen_last, index - passed + 1, index)
        self._index = index

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
