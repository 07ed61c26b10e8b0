"""What was already counted, so that a repeated point is dropped: exact within a bounded horizon, never doubling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Export, Stream, UInt8, UInt64, whose
from reduse.processor.core.packing import Pieces
from reduse.processor.core.user_set import UserSet
from reduse.wire import PLAIN

# What an export costs beside its users, in 8-byte words.
EXPORT_WORDS = 64

# Of SplitMix64's kind: it spreads starts over all bits.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_KINDS = np.uint64(4)


@dataclass(slots=True)
class _Seen:
    """What was counted of one export. Nearly always its points share one start; those that do not are in `others`."""

    start: int
    users: UserSet = field(default_factory=UserSet)
    others: UserSet = field(default_factory=UserSet)
    anonymous: bool = False
    overflow: bool = False

    @property
    def words(self) -> int:
        return EXPORT_WORDS + self.users.words + self.others.words

    def take(self, export: Export) -> Bool:
        """Which rows are new; they are remembered."""
        if export.request_class != PLAIN:
            return self.others.add(_identities_in_class(export))
        if export.starts is None and export.start == self.start:
            return self._take_alike(export.kinds, export.users)
        starts = np.full(len(export), export.start, np.int64) if export.starts is None else export.starts
        alike = starts == self.start
        fresh = np.empty(len(export), np.bool_)
        fresh[alike] = self._take_alike(export.kinds[alike], export.users[alike])
        rest = ~alike
        fresh[rest] = self.others.add(identities(export.kinds[rest], export.users[rest], starts[rest].view(np.uint64)))
        return fresh

    def _take_alike(self, kinds: UInt8, users: UInt64) -> Bool:
        of_users, anonymous, overflow = whose(kinds)
        fresh = self.users.add_those_of(kinds, users, of_users)
        if anonymous >= 0 and not self.anonymous:
            fresh[anonymous] = self.anonymous = True
        if overflow >= 0 and not self.overflow:
            fresh[overflow] = self.overflow = True
        return fresh

    def pack(self) -> None:
        self.users.pack()
        self.others.pack()


def identities(kinds: UInt8, users: UInt64, starts: UInt64) -> UInt64:
    """A number for each point whose start is its own: as good as a user's hash, and of equal length."""
    mixed = (starts * _KINDS + kinds) * _MULTIPLIER
    mixed = (mixed ^ (mixed >> _HALF)) * _MULTIPLIER
    found: UInt64 = users ^ mixed ^ (mixed >> _HALF)
    return found


def _identities_in_class(export: Export) -> UInt64:
    """The same of points that are in a class: whose class is another is another point."""
    name = f"{export.request_class.policy}#{export.request_class.throttled:d}".encode()
    digest = np.uint64(int.from_bytes(blake2b(name, digest_size=8).digest()))
    starts = np.full(len(export), export.start, np.int64) if export.starts is None else export.starts
    return identities(export.kinds, export.users, starts.view(np.uint64) ^ digest)


@dataclass(slots=True)
class _Memory:
    """Of one stream: its exports by their time, oldest first as they came, and up to when nothing more is known."""

    exports: dict[int, _Seen] = field(default_factory=dict)
    floor: int = 0
    words: int = 0


class Repeats:
    """Remembers (service, instance, user, start, time) of counted points.

    Bounds: `horizon` ns behind the newest export of the same stream, and `words` 8-byte words in all; beyond these the
    stream that takes most of them forgets its oldest exports. What falls out raises its stream's floor; points at or
    below the floor cannot be judged and are refused, not counted twice.
    """

    def __init__(self, horizon: int, words: int) -> None:
        self._horizon = horizon
        self._words_limit = words
        self._streams: dict[Stream, _Memory] = {}
        self.words = 0

    def take(self, export: Export) -> tuple[Bool, bool]:
        """(which rows are new, whether the whole export is too old to tell); new rows are remembered."""
        memory = self._streams.get(export.stream)
        if memory is None:
            memory = self._streams[export.stream] = _Memory()
        seen = memory.exports.get(export.time)
        if seen is None:
            if export.time <= memory.floor:
                return np.zeros(len(export), np.bool_), True
            seen = self._begin(memory, export)
        before = seen.words
        fresh = seen.take(export)
        self._grow(memory, seen.words - before)
        self._expire(memory, export.time)
        return fresh, False

    def _grow(self, memory: _Memory, words: int) -> None:
        memory.words += words
        self.words += words

    def _begin(self, memory: _Memory, export: Export) -> _Seen:
        seen = _Seen(export.start)
        if memory.exports:
            # All of that export has come, but for repeats and stragglers.
            last = next(reversed(memory.exports.values()))
            before = last.words
            last.pack()
            self._grow(memory, last.words - before)
            # An export comes in several requests, and is about as large as the one before.
            seen.users.expect(len(last.users))
        memory.exports[export.time] = seen
        self._grow(memory, seen.words)
        return seen

    def _expire(self, memory: _Memory, time: int) -> None:
        while memory.exports and next(iter(memory.exports)) <= time - self._horizon:
            self._drop_oldest(memory)
        while self.words > self._words_limit:
            # Who takes most pays for it, and nobody else.
            self._drop_oldest(max(self._streams.values(), key=lambda each: each.words))

    def _drop_oldest(self, memory: _Memory) -> None:
        time = next(iter(memory.exports))
        self._grow(memory, -memory.exports.pop(time).words)
        memory.floor = max(memory.floor, time)

    def forget(self, stream: Stream) -> None:
        """Forget a stream that has ended."""
        memory = self._streams.pop(stream, None)
        if memory is not None:
            self.words -= memory.words

    def dump(self) -> dict[str, Any]:
        memories = list(self._streams.values())
        seen = [each for memory in memories for each in memory.exports.values()]
        return {
            "streams": [list(stream) for stream in self._streams],
            "floors": [memory.floor for memory in memories],
            "keys": np.array(
                [(n, each.start, time) for n, memory in enumerate(memories) for time, each in memory.exports.items()],
                np.int64,
            ).reshape(-1, 3),
            "kinds": np.array([(s.anonymous, s.overflow) for s in seen], np.bool_).reshape(-1, 2),
            "users": _dump([each.users for each in seen]),
            "others": _dump([each.others for each in seen]),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` gave."""
        memories = [_Memory(floor=floor) for floor in state["floors"]]
        self._streams = {Stream(*names): memory for names, memory in zip(state["streams"], memories, strict=True)}
        for (number, start, time), (anonymous, overflow), users, others in zip(
            state["keys"].tolist(), state["kinds"].tolist(), _load(state["users"]), _load(state["others"]), strict=True
        ):
            seen = memories[number].exports[time] = _Seen(start, users, others, anonymous, overflow)
            self._grow(memories[number], seen.words)


def _dump(sets: list[UserSet]) -> dict[str, Any]:
    return {
        "slots": np.array([each.slots for each in sets], np.int64),
        "lengths": np.array([len(each) for each in sets], np.int64),
        # The largest part of a state: joining it would take as much memory again, new each time.
        "members": Pieces(np.uint64, [each.members() for each in sets]),
    }


def _load(state: dict[str, Any]) -> Iterable[UserSet]:
    members = np.split(state["members"], np.cumsum(state["lengths"])[:-1]) if len(state["lengths"]) else []
    return map(UserSet.of, members, state["slots"].tolist())
