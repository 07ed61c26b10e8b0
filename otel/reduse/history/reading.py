"""Read a history: rows as NumPy arrays, in order of time, and what is missing.

reading = read(folder, "mes-api", start, end)
for batch in reading:
    ...batch.rows.users, batch.rows.seconds, batch.rows.counts...
reading.gaps
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reduse.history import journal
from reduse.history.batch import Batch, Totals
from reduse.history.contents import Group, ServiceContents, UnreadableError
from reduse.history.files import Journal, find, opened
from reduse.history.journal import Entry, StoredWindow
from reduse.history.plan import Gap, Taken, merged, plan, second_range
from reduse.history.rows import NO_POLICY, Int64, Rows, UInt8, in_order
from reduse.history.schema import UNIDENTIFIED

if TYPE_CHECKING:
    import pyarrow as pa

_SECOND = 1_000_000_000
_MILLISECONDS = 1000

_NO_NUMBERS = np.empty(0, np.int64)
_NO_ROWS = Rows((NO_POLICY,), np.empty(0, np.uint64), np.empty(0, np.uint8), *[_NO_NUMBERS] * 4)
_NO_TOTALS = Totals(_NO_NUMBERS, *[np.empty((len(UNIDENTIFIED), 0), np.int64)] * 2)


class Reading:
    """Iterate over it once; batches come in the order of their begin.

    Those of one source follow each other in time, and in order of users where they are of the same time. Those of two
    sources, such as two partitions, may overlap: no user is in both. `gaps` are known from the start; what cannot be
    read on the way is added to them.
    """

    def __init__(self, taken: Sequence[Taken], gaps: Sequence[Gap], service: str, begin: int, end: int) -> None:
        self._taken = taken
        self._service = service
        self._range = begin, end
        self._policy: str | None = None
        self.gaps = list(gaps)
        # Rows that are in the files of the batches, at most so many come; for who shows how far it is.
        self.rows = sum(each.part.contents.services[service].rows for each in taken)

    @property
    def seconds(self) -> tuple[int, int] | None:
        """From the start of the first window to the end of the last; None without any."""
        if not self._taken:
            return None
        ranges = [second_range(each.seconds) for each in self._taken]
        return min(begin for begin, _ in ranges), max(end for _, end in ranges)

    def of_policy(self, policy: str | None) -> Reading:
        """Only rows of this policy, "" for those under none; None for all."""
        self._policy = policy
        return self

    def __iter__(self) -> Iterator[Batch]:
        for taken in self._taken:
            begin, end = second_range(taken.seconds)
            try:
                for rows, totals in _loaded(taken, self._service):
                    of_policy = rows if self._policy is None else _of_policy(rows, self._policy)
                    yield Batch(begin, end, of_policy, totals)
            except (OSError, UnreadableError, journal.TornError) as error:
                lost = Gap(begin, end, f"{taken.part.path.name} cannot be read: {error}")
                self.gaps = merged([*self.gaps, lost], *self._range)


def read(
    folders: Path | Sequence[Path], service: str, start_ns: int, end_ns: int, policy: str | None = None
) -> Reading:
    """Of the windows of a service that start in [start_ns, end_ns), Unix ns; of Kafka's workers give all folders.

    `policy`: see `Reading.of_policy`. Raises OSError when a folder cannot be read.
    """
    begin, end = -(-start_ns // _SECOND), -(-end_ns // _SECOND)
    found = find([folders] if isinstance(folders, Path) else folders)
    planned = plan(found, service, begin, end)
    return Reading(planned.taken, planned.gaps, service, begin, end).of_policy(policy)


def _loaded(taken: Taken, service: str) -> Iterator[tuple[Rows, Totals]]:
    """At least one; the first has the totals. Raises TornError, UnreadableError, OSError."""
    if taken.part.journal is None:
        return _from_parquet(taken, service)
    return _from_journal(taken.part.journal, taken, service)


def _from_journal(found: Journal, taken: Taken, service: str) -> Iterator[tuple[Rows, Totals]]:
    contents, wanted = taken.part.contents, set(taken.seconds.tolist())
    entries = [
        entry
        for entry in found.entries
        if entry.service == service and entry.second in wanted and contents.first <= entry.number <= contents.last
    ]
    yield _NO_ROWS, _totals(entries)
    for rows in in_order([StoredWindow(found.descriptor, entry) for entry in entries]):
        yield rows, _NO_TOTALS


def _totals(entries: Sequence[Entry]) -> Totals:
    numbers = np.array([entry.head["totals"] for entry in entries], np.int64)
    numbers = numbers.reshape(len(entries), len(UNIDENTIFIED), 2)
    seconds = np.array([entry.second for entry in entries], np.int64)
    return Totals(seconds, numbers[:, :, 0].T.copy(), numbers[:, :, 1].T.copy())


def _from_parquet(taken: Taken, service: str) -> Iterator[tuple[Rows, Totals]]:
    import pyarrow as pa

    part = taken.part
    contents = part.contents.services[service]
    file = opened(part.path)
    try:
        yield _NO_ROWS, _totals_of(file.read_row_group(0, use_threads=False), service, taken.seconds)
        for group in contents.groups:
            rows = _rows_of(file, contents, group)
            yield (rows if taken.all else rows.where(np.isin(rows.seconds, taken.seconds))), _NO_TOTALS
    except (pa.ArrowException, ValueError, LookupError) as error:
        # Of a damaged file anything may be wrong.
        raise UnreadableError(str(error)) from error
    finally:
        file.close()


def _rows_of(file: Any, contents: ServiceContents, group: Group) -> Rows:
    columns = ["window", "user", "count", "throttled", "microseconds"]
    with_policy = contents.policies != (NO_POLICY,)
    table = file.read_row_group(group.number, [*columns, "policy"] if with_policy else columns, use_threads=False)
    rows = Rows(
        contents.policies,
        _numbers(table, "user"),
        _policy(table, contents.policies) if with_policy else np.zeros(table.num_rows, np.uint8),
        _numbers(table, "window").view(np.int64) // _MILLISECONDS,
        _numbers(table, "count"),
        _numbers(table, "throttled"),
        _numbers(table, "microseconds"),
    )
    throttled = None if group.throttled is None else int(rows.throttled.sum())
    if Group(group.number, len(rows), int(rows.counts.sum()), throttled, int(rows.microseconds.sum())) != group:
        raise UnreadableError(f"the rows of row group {group.number} are not those that it says it has")
    return rows


def _numbers(table: pa.Table, name: str) -> Any:
    column = table.column(name)
    if column.num_chunks == 1:
        return column.chunk(0).to_numpy(zero_copy_only=False)
    return column.to_numpy()


def _policy(table: pa.Table, policies: tuple[str, ...]) -> UInt8:
    parts = [
        np.array([policies.index(name) for name in chunk.dictionary.to_pylist()], np.uint8)[chunk.indices.to_numpy()]
        for chunk in table.column("policy").chunks
    ]
    return np.concatenate([np.empty(0, np.uint8), *parts])


def _totals_of(table: pa.Table, service: str, seconds: Int64) -> Totals:
    import pyarrow.compute as pc

    table = table.filter(pc.equal(table.column("service"), service))
    seconds = np.unique(seconds)
    counts = np.zeros((len(UNIDENTIFIED), len(seconds)), np.int64)
    microseconds = np.zeros_like(counts)
    starts = _numbers(table, "window").view(np.int64) // _MILLISECONDS
    places = np.searchsorted(seconds, starts)
    known = np.isin(starts, seconds)
    of = np.array([UNIDENTIFIED.index(name) for name in table.column("identity").to_pylist()], np.int64)
    np.add.at(counts, (of[known], places[known]), _numbers(table, "count")[known])
    np.add.at(microseconds, (of[known], places[known]), _numbers(table, "microseconds")[known])
    return Totals(seconds, counts, microseconds)


def _of_policy(rows: Rows, policy: str) -> Rows:
    if policy not in rows.policies:
        return rows.where(slice(0, 0))
    if rows.policies == (policy,):
        return rows
    return rows.where(rows.policy == rows.policies.index(policy))
