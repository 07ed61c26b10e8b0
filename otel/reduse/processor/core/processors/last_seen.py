"""How many different users were seen in the last windows: exact."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64, UInt16, UInt32
from reduse.processor.core.compiled import compiled

# A window's index is kept in 16 bits, so that ages wrap around here.
_WRAP = 2**16
# Of several sets, so much of their numbers is made room for beside them.
_ROOM = 64


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


@compiled
def _see_each(
    last: UInt16,
    begins: Int64,
    seen_last: UInt32,
    seen: Int64,
    indices: Int64,
    swept: Int64,
    numbers: Int64,
    ends: Int64,
    index: int,
) -> bool:
    """The same of several sets: of each `last` has what is between two of `begins`, and `numbers` what is before its
    `ends`. False, and nothing is done: one of them has no room for a number, or is to be swept."""
    begin = 0
    for each in range(len(ends)):
        room = begins[each + 1] - begins[each]
        for number in numbers[begin : ends[each]]:
            if number >= room:
                return False
        if (ends[each] > begin or seen[each] > 0) and index - swept[each] >= _WRAP - 3 * seen_last.shape[1]:
            return False
        begin = ends[each]
    begin = 0
    for each in range(len(ends)):
        if ends[each] > begin or seen[each] > 0:
            of_each = last[begins[each] : begins[each + 1]]
            seen[each] += _see(of_each, seen_last[each], numbers[begin : ends[each]], indices[each], index)
            indices[each] = index
        begin = ends[each]
    return True


class LastSeen:
    """Counts the different users of the last `horizon` windows, and of any fewer; users are given by their numbers.

    Two bytes a user. How many were seen last in each window is kept beside them, so that counting looks at no user; it
    follows from them, and is no part of the state.
    """

    def __init__(
        self,
        horizon: int,
        last: UInt16 | None = None,
        seen_last: UInt32 | None = None,
        seen: int = 0,
        index: int = 0,
        swept: int = 0,
    ) -> None:
        """What comes after the horizon is what another has been."""
        if 4 * horizon > _WRAP:
            raise ValueError(f"a horizon of {horizon} windows is more than {_WRAP // 4}")
        self._horizon = horizon
        # By number: the low bits of the window's index. Of those never seen: of some window before the horizon.
        self.last: UInt16 = np.empty(0, np.uint16) if last is None else last
        # At index % horizon: how many were seen last in that window, the newest being `index`.
        self.seen_last: UInt32 = np.zeros(horizon, np.uint32) if seen_last is None else seen_last
        # The sum of these.
        self.seen = seen
        self.index = index
        self.swept = swept

    def see(self, numbers: Int64, index: int, end: int) -> None:
        """These users, each once and below `end`, are in the window of this index; indices rise."""
        if not len(numbers) and not self.seen:
            # There is nobody to become older.
            return
        if end > len(self.last) and len(numbers):
            never = np.full(end - len(self.last), self._before_horizon, np.uint16)
            self.last = np.concatenate([self.last, never])
        # Before an age could come round and look young again.
        if index - self.swept >= _WRAP - 3 * self._horizon:
            self._sweep(index)
        self.seen += _see(self.last, self.seen_last, numbers, self.index, index)
        self.index = index

    def forget(self, numbers: Int64) -> None:
        """These numbers are not those users' any more."""
        numbers = numbers[numbers < len(self.last)]
        self.seen -= _replace(self.last, self.seen_last, numbers, self.index, self._before_horizon)

    def active(self, windows: int) -> int:
        """How many were seen in the last so many windows, at most `horizon`."""
        if windows == self._horizon:
            return self.seen
        return _sum(self.seen_last, self.index - windows + 1, self.index)

    @property
    def _before_horizon(self) -> int:
        return (self.index - 2 * self._horizon) % _WRAP

    def _ages(self, last: UInt16) -> UInt16:
        return np.uint16(self.index % _WRAP) - last

    def _sweep(self, index: int) -> None:
        if index - self.index < self._horizon:
            stale = self._ages(self.last) >= self._horizon
        else:
            stale = np.ones(len(self.last), np.bool_)
        self.last[stale] = (index - 2 * self._horizon) % _WRAP
        self.swept = index

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {"index": self.index, "swept": self.swept, "last": self.last}

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` with the same horizon gave."""
        self.index, self.swept = state["index"], state["swept"]
        self.last = state["last"].copy()
        ages = self._ages(self.last)
        by_age = np.bincount(ages[ages < self._horizon], minlength=self._horizon)
        self.seen_last[(self.index - np.arange(self._horizon)) % self._horizon] = by_age
        self.seen = int(by_age.sum())


class LastSeenOfEach:
    """The same as so many `LastSeen` of one horizon, which see other users in the same windows: in one loop."""

    def __init__(self, horizon: int, sets: int) -> None:
        self._horizon = horizon
        self._take([LastSeen(horizon) for _ in range(sets)])

    def see(self, numbers: Int64, ends: Int64, index: int, end: int) -> None:
        """Of each set those before its end are in the window of this index, each once and below `end`; indices rise."""
        columns = self._last, self._begins, self._seen_last, self.seen, self._indices, self._swept
        if _see_each(*columns, numbers, ends, index):
            return
        # With room for those who come next: all of them are moved.
        sets, end = self._each(), end + end // _ROOM
        for each, (begin, after) in zip(sets, pairwise([0, *ends.tolist()]), strict=True):
            each.see(numbers[begin:after], index, end)
        self._take(sets)

    def forget(self, numbers: Int64) -> None:
        """These numbers are not those users' any more."""
        sets = self._each()
        for each in sets:
            each.forget(numbers)
        self._take(sets)

    def _each(self) -> list[LastSeen]:
        """As they are alone."""
        lasts = [self._last[begin:end] for begin, end in pairwise(self._begins.tolist())]
        numbers = zip(self.seen.tolist(), self._indices.tolist(), self._swept.tolist(), strict=True)
        return [
            LastSeen(self._horizon, last, seen_last, *each)
            for last, seen_last, each in zip(lasts, self._seen_last, numbers, strict=True)
        ]

    def _take(self, sets: Sequence[LastSeen]) -> None:
        self._last: UInt16 = np.concatenate([np.empty(0, np.uint16), *(each.last for each in sets)])
        self._begins = np.cumsum([0, *(len(each.last) for each in sets)], dtype=np.int64)
        self._seen_last: UInt32 = np.array([each.seen_last for each in sets], np.uint32).reshape(-1, self._horizon)
        # Of each how many were seen within the horizon.
        self.seen: Int64 = np.array([each.seen for each in sets], np.int64)
        self._indices: Int64 = np.array([each.index for each in sets], np.int64)
        self._swept: Int64 = np.array([each.swept for each in sets], np.int64)

    def dump(self) -> list[dict[str, Any]]:
        """State for `load`, that of each."""
        return [each.dump() for each in self._each()]

    def load(self, states: Sequence[dict[str, Any] | None]) -> None:
        """Take, for each, what a `dump` with the same horizon gave; None: it has seen nobody."""
        sets = [LastSeen(self._horizon) for _ in states]
        for each, state in zip(sets, states, strict=True):
            if state is not None:
                each.load(state)
        self._take(sets)
