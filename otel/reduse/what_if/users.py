"""The users that a replay has seen, in order, each with a place that arrays are kept by."""

from typing import NamedTuple

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Int64, UInt64


class Runs(NamedTuple):
    """Of the users of a batch, in order: where their rows begin (and, at the end, their number), and their places."""

    begins: Int64
    places: Int64


class Users:
    """Sorted, different users. Newcomers move the others: `moved` has, after each batch, who was where before."""

    def __init__(self) -> None:
        self.users: UInt64 = np.empty(0, np.uint64)
        # Of each user that was here before the batch: the place now. None where nobody came.
        self.moved: Int64 | None = None

    def __len__(self) -> int:
        return len(self.users)

    def see(self, users: UInt64) -> Runs:
        """The rows of a batch are of these users, sorted."""
        begins, present = _runs(users)
        places, newcomers = _places(self.users, present)
        if not newcomers:
            self.moved = None
            return Runs(begins, places)
        before = self.users
        self.users = _merged(before, present, len(before) + newcomers)
        self.moved, _ = _places(self.users, before)
        return Runs(begins, _places(self.users, present)[0])


@compiled
def _runs(users: UInt64) -> tuple[Int64, UInt64]:
    """Where the rows of each user begin, and at the end their number; and the users."""
    begins, present = np.empty(len(users) + 1, np.int64), np.empty(len(users), np.uint64)
    runs = 0
    for row in range(len(users)):
        if row == 0 or users[row] != present[runs - 1]:
            begins[runs], present[runs] = row, users[row]
            runs += 1
    begins[runs] = len(users)
    return begins[: runs + 1], present[:runs]


@compiled
def _places(known: UInt64, wanted: UInt64) -> tuple[Int64, int]:
    """Of each wanted user the place, -1 for who is not known; and how many these are. Both are sorted."""
    places = np.empty(len(wanted), np.int64)
    unknown, place = 0, 0
    for row in range(len(wanted)):
        while place < len(known) and known[place] < wanted[row]:
            place += 1
        if place < len(known) and known[place] == wanted[row]:
            places[row] = place
        else:
            places[row] = -1
            unknown += 1
    return places, unknown


@compiled
def _merged(some: UInt64, others: UInt64, size: int) -> UInt64:
    """All of them, each once, in order; both are sorted."""
    merged = np.empty(size, np.uint64)
    left = right = 0
    for place in range(size):
        if right == len(others) or (left < len(some) and some[left] <= others[right]):
            if right < len(others) and others[right] == some[left]:
                right += 1
            merged[place] = some[left]
            left += 1
        else:
            merged[place] = others[right]
            right += 1
    return merged
