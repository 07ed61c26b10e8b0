"""Event-time windows of one service: open, still adding up; and closed, as the columns that processors read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.directory import Numbers
from reduse.processor.core.open_rows import OpenRows, rows_within
from reduse.processor.core.units import MICROSECONDS, NANOSECONDS
from reduse.wire import PLAIN, RequestClass

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


class ClassRows(NamedTuple):
    """The requests of a window that were under one policy, or throttled, or both: a row for each user, sorted by user.

    `policy` is "" for throttled requests that were under none. `rows` are those of the same users in the window.
    """

    policy: str
    throttled: bool
    rows: Int64
    users: UInt64
    counts: Int64
    microseconds: Int64


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """All that one service did in [start, end) (Unix ns): one row for each active user, sorted by user.

    `untracked` are requests of identified users beyond the bound on users in a window; `overflow` those that the
    service itself could not tell apart. Sum of `counts`, `anonymous`, `overflow` and `untracked` = all requests.

    `numbers` are of use to who keeps something for each user, in arrays of `numbers_end` entries: a user has the same
    number until it is in `forgotten`. From this window on such a number is nobody's, or another's.

    `classes` say which of the requests were under a policy or throttled; all others were neither.
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
    classes: tuple[ClassRows, ...] = ()
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

    def under(self, policy: str) -> tuple[Int64, Int64]:
        """(the rows of the users with requests under a policy, in order; how many requests these are)."""
        found = [each for each in self.classes if each.policy == policy]
        if len(found) == 1:
            return found[0].rows, found[0].counts
        counts, is_under = np.zeros(len(self.users), np.int64), np.zeros(len(self.users), np.bool_)
        for each in found:
            counts[each.rows] += each.counts
            is_under[each.rows] = True
        rows = np.flatnonzero(is_under)
        return rows, counts[rows]

    def to_arrow(self) -> pa.RecordBatch:
        """The rows as Arrow columns `user`, `count` and `microseconds`, without a copy."""
        # Takes longer to import than all the rest, and few need it.
        import pyarrow as pa

        columns = {"user": self.users, "count": self.counts, "microseconds": self.microseconds}
        return pa.RecordBatch.from_pydict(columns)


@compiled
def _sums(counts: Int64, microseconds: Int64) -> tuple[int, int]:
    requests = busy = 0
    for row in range(len(counts)):
        requests += counts[row]
        busy += microseconds[row]
    return requests, busy


def _class_rows(request_class: RequestClass, merged: OpenRows, users: UInt64) -> ClassRows:
    of_class, counts, microseconds = merged.columns()
    return ClassRows(*request_class, rows_within(of_class, users), of_class, counts, microseconds)


@dataclass(slots=True)
class OpenWindow:
    """Adds up what arrives until the watermark closes it.

    `rows` are of all requests of users; `classes` has those that are not plain once more, of users who are in `rows`.
    """

    rows: OpenRows = field(default_factory=OpenRows)
    classes: dict[RequestClass, OpenRows] = field(default_factory=dict)
    anonymous: Load = field(default_factory=Load)
    overflow: Load = field(default_factory=Load)
    untracked: Load = field(default_factory=Load)

    @property
    def size(self) -> int:
        """In rows."""
        if not self.classes:
            return self.rows.size
        return self.rows.size + sum(rows.size for rows in self.classes.values())

    def add(
        self, users: UInt64, counts: Int64, microseconds: Int64, limit: int, request_class: RequestClass = PLAIN
    ) -> int:
        """Returns how many users went beyond `limit` and are untracked from here on."""
        self.rows.add(users, counts, microseconds)
        if request_class != PLAIN:
            self.classes.setdefault(request_class, OpenRows()).add(users, counts, microseconds)
        return self.merge(limit) if self.rows.parts >= PARTS_LIMIT or self.rows.size > 2 * limit else 0

    def merge(self, limit: int) -> int:
        """One row for each user; beyond `limit` the users with the fewest requests become untracked."""
        if not self.rows.parts:
            return 0
        users, counts, microseconds = self.rows.merge()
        beyond = max(0, len(users) - limit)
        if beyond:
            smallest_last = np.lexsort((users, -counts))
            drop = smallest_last[limit:]
            self.untracked.add(int(counts[drop].sum()), int(microseconds[drop].sum()))
            self.rows.keep(np.sort(smallest_last[:limit]))
        for rows in self.classes.values():
            of_class, _, _ = rows.merge()
            if beyond:
                rows.keep(rows_within(of_class, self.rows.users[0]) >= 0)
        return beyond

    def close(
        self, service: str, index: int, limit: int, number: Callable[[UInt64, int], Numbers]
    ) -> tuple[ClosedWindow, int]:
        """(the window's columns, users that became untracked); `number` is that of a Directory."""
        beyond = self.merge(limit)
        columns = self.rows.columns()
        numbers = number(columns[0], index)
        classes = tuple(
            _class_rows(request_class, rows, columns[0])
            for request_class, rows in sorted(self.classes.items(), key=itemgetter(0))
            if rows.size
        )
        for column in (*columns, numbers.users, numbers.forgotten, *(each for rows in classes for each in rows[2:])):
            # Other processors read them too.
            column.flags.writeable = False
        loads = self.anonymous, self.overflow, self.untracked
        return ClosedWindow(service, index, *columns, *loads, *numbers, classes), beyond

    def dump(self) -> dict[str, Any]:
        return {
            **self.rows.dump(),
            "classes": [[*request_class, rows.dump()] for request_class, rows in self.classes.items()],
            "loads": [[load.count, load.microseconds] for load in self._loads()],
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> OpenWindow:
        """What gave this `dump`."""
        classes = {RequestClass(policy, throttled): OpenRows.load(rows) for policy, throttled, rows in state["classes"]}
        window = cls(OpenRows.load(state), classes)
        for load, (count, microseconds) in zip(window._loads(), state["loads"], strict=True):
            load.add(count, microseconds)
        return window

    def _loads(self) -> tuple[Load, Load, Load]:
        return self.anonymous, self.overflow, self.untracked
