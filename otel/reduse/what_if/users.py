"""The users that a replay has seen, each with a place that arrays are kept by."""

from typing import NamedTuple

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Int64, UInt64
from reduse.what_if.per_user import PerUser


class Runs(NamedTuple):
    """Of the users of a batch, in order: where their rows begin (and, at the end, their number), and their places."""

    begins: Int64
    places: Int64


class Users:
    """Places are in the order of the users, so that batches in this order find the users, and what is kept for them,
    by one pass through memory. Newcomers get the last places, until the next pass begins."""

    def __init__(self) -> None:
        self._users: PerUser[np.uint64] = PerUser(np.uint64, 0)
        self._size = self._in_order = 0
        # In the pass: the first place at which the next user may be, and the last user.
        self._at = 0
        self._last: int | None = None

    def __len__(self) -> int:
        return self._size

    @property
    def users(self) -> UInt64:
        """By place."""
        return self._users.values[: self._size]

    def begins_pass(self, users: UInt64) -> bool:
        """Whether the pass is over: these users, sorted and at least one, do not follow those before."""
        return self._last is not None and int(users[0]) <= self._last

    def reorder(self) -> Int64 | None:
        """Begin a pass. Returns where the user was who is now at each place; None where nobody has moved."""
        self._at, self._last = 0, None
        if self._in_order == self._size:
            return None
        # Two sorted runs, which this sort merges.
        order = np.argsort(self.users, kind="stable")
        self._users.reorder(order)
        self._in_order = self._size
        return order

    def see(self, users: UInt64) -> Runs:
        """The rows of a batch are of these users: sorted, at least one, and all after those of the pass so far."""
        self._users.grow(self._size + len(users))
        begins, places = np.empty(len(users) + 1, np.int64), np.empty(len(users), np.int64)
        runs, self._at, self._size = _see(
            self._users.values, self._in_order, self._at, self._size, users, begins, places
        )
        self._last = int(users[-1])
        return Runs(begins[: runs + 1], places[:runs])


@compiled
def _see(
    known: UInt64, in_order: int, at: int, size: int, users: UInt64, begins: Int64, places: Int64
) -> tuple[int, int, int]:
    """The number of runs, where the pass is, and the number of users; newcomers are added to those known."""
    runs, previous = 0, users[0]
    for row in range(len(users)):
        user = users[row]
        if row > 0 and user == previous:
            continue
        previous = user
        while at < in_order and known[at] < user:
            at += 1
        place = at
        if at == in_order or known[at] != user:
            place = size
            known[size] = user
            size += 1
        begins[runs], places[runs] = row, place
        runs += 1
    begins[runs] = len(users)
    return runs, at, size
