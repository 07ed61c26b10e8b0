"""Rows of users that are still being added up, in the parts in which they came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Bool, Int64, UInt32, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.packing import Pieces
from reduse.processor.core.sorting import first_bits, rows_in_order, sort

_Number = TypeVar("_Number", np.uint64, np.int64)


@dataclass(slots=True)
class OpenRows:
    """`size`: rows in all parts."""

    users: list[UInt64] = field(default_factory=list)
    counts: list[Int64] = field(default_factory=list)
    microseconds: list[Int64] = field(default_factory=list)
    size: int = 0

    @property
    def parts(self) -> int:
        return len(self.users)

    def add(self, users: UInt64, counts: Int64, microseconds: Int64) -> None:
        self.users.append(users)
        self.counts.append(counts)
        self.microseconds.append(microseconds)
        self.size += len(users)

    def columns(self) -> tuple[UInt64, Int64, Int64]:
        """Of rows that are merged."""
        if not self.users:
            return np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
        return self.users[0], self.counts[0], self.microseconds[0]

    def merge(self) -> tuple[UInt64, Int64, Int64]:
        """One row for each user, sorted by user. There are some."""
        parts = _joined(self.users), _joined(self.counts), _joined(self.microseconds)
        are_hashes, columns = _merged(*parts, *first_bits(self.size))
        if not are_hashes:
            columns = _added_up(*parts, rows_in_order(parts[0]))
        self._replace(*columns)
        return columns

    def keep(self, rows: Int64 | Bool) -> None:
        """Only these, of the rows of one part."""
        self._replace(self.users[0][rows], self.counts[0][rows], self.microseconds[0][rows])

    def _replace(self, users: UInt64, counts: Int64, microseconds: Int64) -> None:
        self.users, self.counts, self.microseconds = [users], [counts], [microseconds]
        self.size = len(users)

    def dump(self) -> dict[str, Any]:
        """In parts as it is: merged at another time, a window would pass its bounds at another time."""
        return {
            "users": Pieces(np.uint64, self.users),
            "counts": Pieces(np.int64, self.counts),
            "microseconds": Pieces(np.int64, self.microseconds),
            "parts": [len(part) for part in self.users],
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> OpenRows:
        """What gave this `dump`."""

        def parts(name: str) -> list[Any]:
            return np.split(state[name], np.cumsum(state["parts"])[:-1]) if state["parts"] else []

        return cls(parts("users"), parts("counts"), parts("microseconds"), len(state["users"]))


def _joined(parts: list[npt.NDArray[_Number]]) -> npt.NDArray[_Number]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@compiled
def _merged(
    users: UInt64, counts: Int64, microseconds: Int64, shift: np.uint64, values: int
) -> tuple[bool, tuple[UInt64, Int64, Int64]]:
    """(False when the users are no hashes, one row for each user, in their order)."""
    are_hashes, order = sort(users, shift, values)
    return are_hashes, _added_up(users, counts, microseconds, order if are_hashes else order[:0])


@compiled
def _added_up(users: UInt64, counts: Int64, microseconds: Int64, order: Int64 | UInt32) -> tuple[UInt64, Int64, Int64]:
    """One row for each user, in the order given, in which rows of the same user follow each other."""
    of_users, of_counts = np.empty(len(order), np.uint64), np.empty(len(order), np.int64)
    of_microseconds = np.empty(len(order), np.int64)
    size = 0
    for row in order:
        user = users[row]
        if size > 0 and of_users[size - 1] == user:
            of_counts[size - 1] += counts[row]
            of_microseconds[size - 1] += microseconds[row]
        else:
            of_users[size], of_counts[size], of_microseconds[size] = user, counts[row], microseconds[row]
            size += 1
    if size < len(order):
        # Copies: a part of an array would hold on to all of it.
        return of_users[:size].copy(), of_counts[:size].copy(), of_microseconds[:size].copy()
    return of_users, of_counts, of_microseconds


@compiled
def rows_within(some: UInt64, users: UInt64) -> Int64:
    """Of each of some users the row among `users`, or -1. Both are sorted."""
    rows = np.full(len(some), -1, np.int64)
    row = 0
    for place in range(len(some)):
        while row < len(users) and users[row] < some[place]:
            row += 1
        if row < len(users) and users[row] == some[place]:
            rows[place] = row
    return rows
