"""The users of one service, each with a number: one look-up for all who keep something for each user."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Bool, Int64, UInt32, UInt64
from reduse.processor.core.numbered_users import NumberedUsers
from reduse.processor.core.sorting import rows_in_order

# Users not seen for so many windows are forgotten.
HORIZON = 3600
# What is given up at the bound, as a part of it: seldom, because it takes a look at everybody.
_GIVEN_UP = 8


class Numbers(NamedTuple):
    """Of one window: the number of each of its users; and those which, before it, stopped being anybody's."""

    users: Int64
    forgotten: Int64
    # All numbers are below it.
    end: int


class Directory:
    """Gives each user a number below `end`, which stays the same until the user is forgotten; then another gets it.

    Forgotten are those not seen for HORIZON windows and, beyond `limit` users, those unseen for longest. Users are in a
    few sorted segments, each more than twice as long as the next, so that new ones come in without moving the old.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._segments: list[NumberedUsers] = []
        # By number: index of the window in which its user was seen last. Unix seconds fit until 2106.
        self._last = np.zeros(0, np.uint32)
        self._free: Int64 = np.empty(0, np.int64)
        self._leaving: Int64 = np.empty(0, np.int64)
        # Users forgotten at the bound.
        self.given_up = 0

    def __len__(self) -> int:
        """How many users have a number."""
        return sum(map(len, self._segments))

    def number(self, users: UInt64, index: int) -> Numbers:
        """Of sorted, different users who are in the window of this index; indices rise."""
        forgotten = self._leaving
        if len(forgotten):
            self._leaving = np.empty(0, np.int64)
            self._free = np.concatenate([self._free, forgotten])
        numbers = np.full(len(users), -1, np.int64)
        unknown = len(users)
        for segment in self._segments:
            if not unknown:
                break
            unknown = segment.number(users, numbers)
        if unknown:
            new = np.flatnonzero(numbers < 0)
            numbers[new] = self._take(len(new))
            self._last[numbers] = index
            self._add(users[new], numbers[new].astype(np.uint32), index)
        else:
            self._last[numbers] = index
        return Numbers(numbers, forgotten, len(self._last))

    def _take(self, wanted: int) -> Int64:
        """Numbers that are nobody's."""
        taken, self._free = self._free[:wanted], self._free[wanted:]
        missing = wanted - len(taken)
        if missing:
            end = len(self._last)
            self._last = np.concatenate([self._last, np.zeros(missing, np.uint32)])
            taken = np.concatenate([taken, np.arange(end, end + missing)])
        return taken

    def _add(self, users: UInt64, numbers: UInt32, index: int) -> None:
        while self._segments and len(self._segments[-1]) <= 2 * len(users):
            before = self._segments.pop()
            users, numbers = self._merged(before, users, numbers)
            users, numbers = self._forget(users, numbers, self._last[numbers] + HORIZON <= index)
        self._segments.append(NumberedUsers(users, numbers))
        if len(self) > self._limit:
            self._give_up()

    @staticmethod
    def _merged(segment: NumberedUsers, users: UInt64, numbers: UInt32) -> tuple[UInt64, UInt32]:
        users = np.concatenate([segment.users, users])
        order = rows_in_order(users)
        return users[order], np.concatenate([segment.numbers, numbers])[order]

    def _forget(self, users: UInt64, numbers: UInt32, gone: Bool) -> tuple[UInt64, UInt32]:
        if not gone.any():
            return users, numbers
        # Free from the next window on: in this one they may still be somebody's.
        self._leaving = np.concatenate([self._leaving, numbers[gone].astype(np.int64)])
        return users[~gone], numbers[~gone]

    def _give_up(self) -> None:
        users, numbers = np.empty(0, np.uint64), np.empty(0, np.uint32)
        for segment in self._segments:
            users, numbers = self._merged(segment, users, numbers)
        beyond = len(users) - (self._limit - self._limit // _GIVEN_UP)
        longest_unseen = np.lexsort((users, self._last[numbers]))[:beyond]
        gone = np.zeros(len(users), np.bool_)
        gone[longest_unseen] = True
        self.given_up += beyond
        users, numbers = self._forget(users, numbers, gone)
        self._segments = [NumberedUsers(users, numbers)]

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {
            "segments": [[each.users, each.numbers] for each in self._segments],
            "last": self._last,
            "free": self._free,
            "leaving": self._leaving,
            "given_up": self.given_up,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` gave."""
        self._segments = [NumberedUsers(users, numbers) for users, numbers in state["segments"]]
        self._last = state["last"].copy()
        self._free, self._leaving = state["free"], state["leaving"]
        self.given_up = state["given_up"]
