"""A set of users in one array: open addressing with linear probing."""

from __future__ import annotations

import os

import numpy as np

from reduse.processor.core.columns import Bool, Kind, UInt8, UInt64
from reduse.processor.core.compiled import compiled

# Users are named by who sends them: without a secret they could all be made to fall on one slot.
SEED = np.uint64(int.from_bytes(os.urandom(8), "little"))
# Slots for each user in a new table, and the part of them that may be taken before another is made.
ROOM = 1.34
FULL = 0.8
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_PRESENT = np.uint64(1)
_USER = int(Kind.USER)
_ALL_OF_USERS: UInt8 = np.empty(0, np.uint8)
_NOBODY: UInt64 = np.empty(0, np.uint64)


@compiled
def slot_of(user: np.uint64, seed: np.uint64, slots: int) -> int:
    """Where the search for a user begins, evenly in [0, slots) for slots < 2^32."""
    mixed = (user ^ seed) * _MULTIPLIER
    mixed = (mixed ^ (mixed >> _HALF)) * _MULTIPLIER
    return np.int64(((mixed >> _HALF) * np.uint64(slots)) >> _HALF)  # type: ignore[return-value]


@compiled
def _insert(
    slots: UInt64, kinds: UInt8, users: UInt64, seed: np.uint64, fresh: Bool, begin: int, room: int
) -> tuple[int, int]:
    """From row `begin` on, until `room` users are new: (row after the last that was looked at, users that were new).

    Rows that are not of users are passed over; without kinds all are.
    """
    # The last entry is no slot: it says whether the user 0 is in the set, because 0 is an empty slot.
    end = len(slots) - 1
    added = 0
    for row in range(begin, len(users)):
        if added == room:
            return row, added
        if len(kinds) > 0 and kinds[row] != _USER:
            continue
        user = users[row]
        at = end
        if user != 0:
            at = slot_of(user, seed, end)
            while slots[at] != 0 and slots[at] != user:
                at = at + 1 if at + 1 < end else 0
        if slots[at] == 0:
            slots[at] = user if at < end else _PRESENT
            fresh[row] = True
            added += 1
    return len(users), added


@compiled
def _members(slots: UInt64, members: UInt64) -> None:
    """From an empty slot on, so that inserted in this order they come into the same slots again."""
    end = len(slots) - 1
    begin = 0
    while slots[begin] != 0:
        begin += 1
    row = 0
    for step in range(end):
        at = begin + step if begin + step < end else begin + step - end
        if slots[at] != 0:
            members[row] = slots[at]
            row += 1
    if slots[end] != 0:
        members[row] = 0


class UserSet:
    """Different users. While they come in it takes 11 to 22 bytes for each, when it is packed 8."""

    def __init__(self) -> None:
        self._table: UInt64 | None = None
        # All users, while there is no table.
        self._packed: UInt64 = _NOBODY
        self._size = 0
        # What it takes, in 8-byte words.
        self.words = 0

    @classmethod
    def of(cls, members: UInt64, slots: int) -> UserSet:
        """What has these different users and so many slots."""
        users = cls()
        users._packed, users._size = members.copy(), len(members)
        users.words = len(members)
        if slots:
            users._rebuild(slots)
        return users

    def __len__(self) -> int:
        return self._size

    @property
    def slots(self) -> int:
        """0: it is packed."""
        return 0 if self._table is None else len(self._table) - 1

    def expect(self, users: int) -> None:
        """Make room for so many."""
        if users:
            self._rebuild(_slots_for(users))

    def add(self, users: UInt64) -> Bool:
        """Which of the users were not in the set; of equal ones the first."""
        return self.add_those_of(_ALL_OF_USERS, users, len(users))

    def add_those_of(self, kinds: UInt8, users: UInt64, expected: int) -> Bool:
        """The same of those rows that are of users, as many as `expected`."""
        fresh = np.zeros(len(users), np.bool_)
        row = 0
        while row < len(users) and expected:
            table = self._table
            room = 0 if table is None else int(FULL * self.slots) - self._size
            if table is None or room <= 0:
                left = expected - _before(kinds, row)
                self._rebuild(_slots_for(max(left + self._size, 2 * self._size if self.slots else 0)))
                continue
            row, added = _insert(table, kinds, users, SEED, fresh, row, room)
            self._size += added
        return fresh

    def _rebuild(self, slots: int) -> None:
        members = self.members()
        self._table = np.zeros(slots + 1, np.uint64)
        self._packed, self.words = _NOBODY, slots + 1
        if len(members):
            fresh = np.empty(len(members), np.bool_)
            _insert(self._table, _ALL_OF_USERS, members, SEED, fresh, 0, len(members) + 1)

    def pack(self) -> None:
        """Take no more than is needed, because no more users are expected."""
        if self._table is not None:
            self._packed, self._table = self.members(), None
            self.words = self._size

    def members(self) -> UInt64:
        """All of them; `of` makes the same table from them again."""
        if self._table is None:
            return self._packed
        members = np.empty(self._size, np.uint64)
        _members(self._table, members)
        return members


def _before(kinds: UInt8, row: int) -> int:
    """How many rows before this one are of users."""
    return int(np.count_nonzero(kinds[:row] == _USER)) if len(kinds) else row


def _slots_for(users: int) -> int:
    return int(ROOM * users) + 1
