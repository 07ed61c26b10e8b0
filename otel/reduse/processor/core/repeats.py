"""What was already counted, so that a repeated point is dropped: exact within a bounded horizon, never doubling."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Export, Int64, Kind, Stream, UInt8, UInt64

# What an export costs beside its users, in 8-byte words.
EXPORT_WORDS = 64

_Key = tuple[Stream, int, int]


@dataclass(slots=True)
class _Seen:
    """What was counted of one export.

    `parts` are sorted and share no user. Each is more than twice as long as the next, so that there are few.
    """

    parts: list[UInt64] = field(default_factory=list)
    anonymous: bool = False
    overflow: bool = False

    def unknown(self, users: UInt64) -> Bool | None:
        """Which of sorted users are in no part; None: all of them."""
        unknown: Bool | None = None
        for part in self.parts:
            known = _among(part, users)
            if known.any():
                unknown = ~known if unknown is None else unknown & ~known
        return unknown

    def add(self, users: UInt64) -> None:
        """Sorted, and in no part yet."""
        while self.parts and len(self.parts[-1]) <= 2 * len(users):
            users = np.sort(np.concatenate([self.parts.pop(), users]))
        self.parts.append(users)

    @property
    def users(self) -> UInt64:
        """Sorted."""
        return np.sort(np.concatenate([np.empty(0, np.uint64), *self.parts]))


def _among(part: UInt64, users: UInt64) -> Bool:
    """Which of sorted users are in a part that is not empty."""
    at = np.searchsorted(part, users)
    at[at == len(part)] = 0
    among: Bool = part[at] == users
    return among


class Repeats:
    """Remembers (service, instance, user, start, time) of counted points.

    Bounds: `horizon` ns behind the newest export of the same stream, and `words` 8-byte words in all. What falls out
    raises the stream's floor; points at or below the floor cannot be judged and are refused, not counted twice.
    """

    def __init__(self, horizon: int, words: int) -> None:
        self._horizon = horizon
        self._words_limit = words
        self._seen: OrderedDict[_Key, _Seen] = OrderedDict()
        self._order: dict[Stream, deque[_Key]] = {}
        self._floor: dict[Stream, int] = {}
        self.words = 0

    def take(self, export: Export) -> tuple[Bool, bool]:
        """(which rows are new, whether the whole export is too old to tell); new rows are remembered."""
        key = (export.stream, export.start, export.time)
        seen = self._seen.get(key)
        if seen is None:
            if export.time <= self._floor.get(export.stream, 0):
                return np.zeros(len(export), np.bool_), True
            seen = _Seen()
            self._seen[key] = seen
            self._order.setdefault(export.stream, deque()).append(key)
            self.words += EXPORT_WORDS
        fresh = self._take_rows(seen, export.kinds, export.users)
        self._expire(export.stream, export.time)
        return fresh, False

    def _take_rows(self, seen: _Seen, kinds: UInt8, users: UInt64) -> Bool:
        fresh = np.zeros(len(kinds), np.bool_)
        rows = np.flatnonzero(kinds == Kind.USER)
        unique, first = _first_of_each(users[rows])
        unknown = seen.unknown(unique)
        if unknown is not None:
            unique, first = unique[unknown], first[unknown]
        fresh[rows[first]] = True
        if len(unique):
            seen.add(unique)
            self.words += len(unique)
        for kind, known in ((Kind.ANONYMOUS, seen.anonymous), (Kind.OVERFLOW, seen.overflow)):
            marked = np.flatnonzero(kinds == kind)[:1]
            if not known and len(marked):
                fresh[marked] = True
                seen.anonymous |= kind == Kind.ANONYMOUS
                seen.overflow |= kind == Kind.OVERFLOW
        return fresh

    def _expire(self, stream: Stream, time: int) -> None:
        order = self._order[stream]
        while order and order[0][2] <= time - self._horizon:
            self._drop(order.popleft())
        while self.words > self._words_limit and len(self._seen) > 1:
            self._drop(next(iter(self._seen)))

    def _drop(self, key: _Key) -> None:
        seen = self._seen.pop(key, None)
        if seen is not None:
            self.words -= EXPORT_WORDS + sum(map(len, seen.parts))
            self._floor[key[0]] = max(self._floor.get(key[0], 0), key[2])

    def forget(self, stream: Stream) -> None:
        """Forget a stream that has ended."""
        for key in self._order.pop(stream, ()):
            self._drop(key)
        self._floor.pop(stream, None)

    def dump(self) -> dict[str, Any]:
        streams = list(self._order)
        number = {stream: index for index, stream in enumerate(streams)}
        seen = self._seen
        return {
            "streams": [list(stream) for stream in streams],
            "floors": [self._floor.get(stream, 0) for stream in streams],
            "keys": np.array([(number[k[0]], k[1], k[2]) for k in seen], np.int64).reshape(-1, 3),
            "kinds": np.array([(s.anonymous, s.overflow) for s in seen.values()], np.bool_).reshape(-1, 2),
            "lengths": np.array([sum(map(len, s.parts)) for s in seen.values()], np.int64),
            "users": np.concatenate([np.empty(0, np.uint64), *(s.users for s in seen.values())]),
        }

    def load(self, state: dict[str, Any]) -> None:
        streams = [Stream(*names) for names in state["streams"]]
        self._floor = {s: floor for s, floor in zip(streams, state["floors"], strict=True) if floor}
        self._order = {stream: deque() for stream in streams}
        users = np.split(state["users"], np.cumsum(state["lengths"])[:-1]) if len(state["lengths"]) else []
        for (number, start, time), (anonymous, overflow), members in zip(
            state["keys"].tolist(), state["kinds"].tolist(), users, strict=True
        ):
            key = (streams[number], start, time)
            self._seen[key] = _Seen([members.copy()] if len(members) else [], anonymous, overflow)
            self._order[key[0]].append(key)
            self.words += EXPORT_WORDS + len(members)


def _first_of_each(users: UInt64) -> tuple[UInt64, Int64]:
    """(the different users, sorted; the row in which each comes first)."""
    order = np.argsort(users)
    ordered = users[order]
    repeated = ordered[1:] == ordered[:-1]
    if repeated.any():
        # Only now does it matter that equal ones keep their order.
        unique, first = np.unique(users, return_index=True)
        return unique, first
    return ordered, order
