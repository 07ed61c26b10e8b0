"""Event-time windows of one service: open, still adding up; and closed, as the columns that processors read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Float64, Int64, UInt32, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.directory import Numbers
from reduse.processor.core.packing import Pieces
from reduse.processor.core.sorting import rows_in_order
from reduse.processor.core.units import MICROSECONDS, NANOSECONDS

_Number = TypeVar("_Number", np.uint64, np.int64)

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW = NANOSECONDS
# Its length.
SECONDS = WINDOW / NANOSECONDS
# An open window merges its parts when there are this many.
PARTS_LIMIT = 64


@dataclass(slots=True)
class Load:
    """Requests, and the microseconds that the server spent on them."""

    count: int = 0
    microseconds: int = 0

    def add(self, count: int, microseconds: int) -> None:
        self.count += count
        self.microseconds += microseconds

    @property
    def seconds(self) -> float:
        return self.microseconds / MICROSECONDS


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """All that one service did in [start, end) (Unix ns): one row for each active user, sorted by user.

    `untracked` are requests of identified users beyond the bound on users in a window; `overflow` those that the
    service itself could not tell apart. Sum of `counts`, `anonymous`, `overflow` and `untracked` = all requests.

    `numbers` are of use to who keeps something for each user, in arrays of `numbers_end` entries: a user has the same
    number until it is in `forgotten`. From this window on such a number is nobody's, or another's.
    """

    service: str
    index: int
    users: UInt64
    counts: Int64
    microseconds: Int64
    anonymous: Load
    overflow: Load
    untracked: Load
    numbers: Int64
    forgotten: Int64
    numbers_end: int
    # Sums of the columns, for all who need them.
    requests: int = field(init=False)
    busy: int = field(init=False)

    def __post_init__(self) -> None:
        requests, busy = _sums(self.counts, self.microseconds)
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "busy", busy)

    @property
    def start(self) -> int:
        return self.index * WINDOW

    @property
    def end(self) -> int:
        return (self.index + 1) * WINDOW

    @property
    def length(self) -> float:
        """In seconds."""
        return SECONDS

    @property
    def rates(self) -> Float64:
        """Requests a second of each user."""
        return self.counts / self.length

    def to_arrow(self) -> pa.RecordBatch:
        """The rows as Arrow columns `user`, `count` and `microseconds`, without a copy."""
        # Takes longer to import than all the rest, and few need it.
        import pyarrow as pa

        columns = {"user": self.users, "count": self.counts, "microseconds": self.microseconds}
        return pa.RecordBatch.from_pydict(columns)


def _joined(parts: list[npt.NDArray[_Number]]) -> npt.NDArray[_Number]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@compiled
def _sums(counts: Int64, microseconds: Int64) -> tuple[int, int]:
    requests = busy = 0
    for row in range(len(counts)):
        requests += counts[row]
        busy += microseconds[row]
    return requests, busy


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


@dataclass(slots=True)
class OpenWindow:
    """Adds up what arrives until the watermark closes it."""

    users: list[UInt64] = field(default_factory=list)
    counts: list[Int64] = field(default_factory=list)
    microseconds: list[Int64] = field(default_factory=list)
    anonymous: Load = field(default_factory=Load)
    overflow: Load = field(default_factory=Load)
    untracked: Load = field(default_factory=Load)
    rows: int = 0

    def add(self, users: UInt64, counts: Int64, microseconds: Int64, limit: int) -> int:
        """Returns how many users went beyond `limit` and are untracked from here on."""
        self.users.append(users)
        self.counts.append(counts)
        self.microseconds.append(microseconds)
        self.rows += len(users)
        return self.merge(limit) if len(self.users) >= PARTS_LIMIT or self.rows > 2 * limit else 0

    def merge(self, limit: int) -> int:
        """One row for each user; beyond `limit` the users with the fewest requests become untracked."""
        if not self.users:
            return 0
        users, counts, microseconds = _joined(self.users), _joined(self.counts), _joined(self.microseconds)
        users, counts, microseconds = _added_up(users, counts, microseconds, rows_in_order(users))
        beyond = max(0, len(users) - limit)
        if beyond:
            smallest_last = np.lexsort((users, -counts))
            keep, drop = np.sort(smallest_last[:limit]), smallest_last[limit:]
            self.untracked.add(int(counts[drop].sum()), int(microseconds[drop].sum()))
            users, counts, microseconds = users[keep], counts[keep], microseconds[keep]
        self.users, self.counts, self.microseconds = [users], [counts], [microseconds]
        self.rows = len(users)
        return beyond

    def close(
        self, service: str, index: int, limit: int, number: Callable[[UInt64, int], Numbers]
    ) -> tuple[ClosedWindow, int]:
        """(the window's columns, users that became untracked); `number` is that of a Directory."""
        beyond = self.merge(limit)
        if not self.users:
            self.add(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64), limit)
        columns = (self.users[0], self.counts[0], self.microseconds[0])
        numbers = number(self.users[0], index)
        for column in (*columns, numbers.users, numbers.forgotten):
            # Other processors read them too.
            column.flags.writeable = False
        return ClosedWindow(service, index, *columns, self.anonymous, self.overflow, self.untracked, *numbers), beyond

    def dump(self) -> dict[str, Any]:
        """In parts as it is: merged at another time, it would pass its bounds at another time."""
        return {
            "users": Pieces(np.uint64, self.users),
            "counts": Pieces(np.int64, self.counts),
            "microseconds": Pieces(np.int64, self.microseconds),
            "parts": [len(part) for part in self.users],
            "loads": [[load.count, load.microseconds] for load in self._loads()],
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> OpenWindow:
        def parts(name: str) -> list[Any]:
            return np.split(state[name], np.cumsum(state["parts"])[:-1]) if state["parts"] else []

        window = cls(parts("users"), parts("counts"), parts("microseconds"), rows=len(state["users"]))
        for load, (count, microseconds) in zip(window._loads(), state["loads"], strict=True):
            load.add(count, microseconds)
        return window

    def _loads(self) -> tuple[Load, Load, Load]:
        return self.anonymous, self.overflow, self.untracked
