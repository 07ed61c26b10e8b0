"""What was already counted, so that a repeated point is dropped: exact within a bounded horizon, never doubling."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Export, Kind, Stream, UInt8, UInt64
from reduse.processor.core.packing import Pieces
from reduse.processor.core.user_set import UserSet

# What an export costs beside its users, in 8-byte words.
EXPORT_WORDS = 64

_Key = tuple[Stream, int, int]


@dataclass(slots=True)
class _Seen:
    """What was counted of one export."""

    users: UserSet = field(default_factory=UserSet)
    anonymous: bool = False
    overflow: bool = False

    @property
    def words(self) -> int:
        return EXPORT_WORDS + self.users.words


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
            seen = self._begin(key)
        before = seen.words
        fresh = _take_rows(seen, export.kinds, export.users)
        self.words += seen.words - before
        self._expire(export.stream, export.time)
        return fresh, False

    def _begin(self, key: _Key) -> _Seen:
        order = self._order.setdefault(key[0], deque())
        seen = self._seen[key] = _Seen()
        if order:
            # All of that export has come, but for repeats and stragglers.
            before = self._seen[order[-1]]
            self.words -= before.words
            before.users.pack()
            self.words += before.words
            # An export comes in several requests, and is about as large as the one before.
            seen.users.expect(len(before.users))
        order.append(key)
        self.words += seen.words
        return seen

    def _expire(self, stream: Stream, time: int) -> None:
        order = self._order[stream]
        while order and order[0][2] <= time - self._horizon:
            self._drop(order.popleft())
        while self.words > self._words_limit and len(self._seen) > 1:
            self._drop(next(iter(self._seen)))

    def _drop(self, key: _Key) -> None:
        seen = self._seen.pop(key, None)
        if seen is not None:
            self.words -= seen.words
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
            "slots": np.array([s.users.slots for s in seen.values()], np.int64),
            "lengths": np.array([len(s.users) for s in seen.values()], np.int64),
            # The largest part of a state: joining it would take as much memory again, new each time.
            "users": Pieces(np.uint64, [s.users.members() for s in seen.values()]),
        }

    def load(self, state: dict[str, Any]) -> None:
        streams = [Stream(*names) for names in state["streams"]]
        self._floor = {s: floor for s, floor in zip(streams, state["floors"], strict=True) if floor}
        self._order = {stream: deque() for stream in streams}
        users = np.split(state["users"], np.cumsum(state["lengths"])[:-1]) if len(state["lengths"]) else []
        for (number, start, time), (anonymous, overflow), slots, members in zip(
            state["keys"].tolist(), state["kinds"].tolist(), state["slots"].tolist(), users, strict=True
        ):
            key = (streams[number], start, time)
            seen = self._seen[key] = _Seen(UserSet.of(members, slots), anonymous, overflow)
            self._order[key[0]].append(key)
            self.words += seen.words


def _take_rows(seen: _Seen, kinds: UInt8, users: UInt64) -> Bool:
    of_users = kinds == Kind.USER
    if of_users.all():
        fresh = seen.users.add(users)
    else:
        fresh = np.zeros(len(kinds), np.bool_)
        fresh[of_users] = seen.users.add(users[of_users])
    for kind, known in ((Kind.ANONYMOUS, seen.anonymous), (Kind.OVERFLOW, seen.overflow)):
        marked = np.flatnonzero(kinds == kind)[:1]
        if not known and len(marked):
            fresh[marked] = True
            seen.anonymous |= kind == Kind.ANONYMOUS
            seen.overflow |= kind == Kind.OVERFLOW
    return fresh
