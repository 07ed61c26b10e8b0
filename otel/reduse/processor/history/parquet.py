"""A journal becomes a Parquet file: sorted by user, small, and durable when it has its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reduse.history import journal, names
from reduse.history.contents import Contents, Group
from reduse.history.files import contents_of_entries
from reduse.history.journal import Entry
from reduse.history.rows import NO_POLICY, Int64, Rows, in_order
from reduse.history.schema import CONTENTS_KEY, UNIDENTIFIED, USER, arrow_schema
from reduse.processor.history import modes
from reduse.processor.history.order import order

# Arrow's own pools keep for themselves what a file took; this one gives it back.
pa.set_memory_pool(pa.system_memory_pool())

_MILLISECONDS = 1000
# What is quick to read: only users are compressed, where the same follow each other.
_OPTIONS: dict[str, Any] = {
    "use_dictionary": ["service", "identity", "policy", "window", "throttled"],
    "column_encoding": {
        "user": "PLAIN",
        "count": "DELTA_BINARY_PACKED",
        "microseconds": "DELTA_BINARY_PACKED",
    },
    "compression": {"user": "zstd"}
    | dict.fromkeys(("service", "identity", "policy", "window", "count", "throttled", "microseconds"), "none"),
    "compression_level": {"user": 1},
    "write_page_checksum": True,
    # What others look for: the rest would only take time.
    "write_statistics": ["window", "user"],
}


def write(descriptor: int, entries: Sequence[Entry], source: str, path: Path) -> Contents:
    """From a journal's windows, whose numbers follow each other, the file `path`: durable when it is there.

    Raises OSError, journal.TornError; then there is no file.
    """
    contents = contents_of_entries(source, entries)
    temporary = path.with_suffix(names.TEMPORARY)
    try:
        # Nobody else may read it, from its first byte on.
        mode = modes.of_file(temporary)
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, mode))
        with pa.OSFile(str(temporary), "wb") as sink, pq.ParquetWriter(sink, arrow_schema(), **_OPTIONS) as writer:
            writer.write_table(_totals(entries))
            number, services = 1, dict(contents.services)
            for service, of_service in services.items():
                groups = _write_rows(writer, descriptor, [each for each in entries if each.service == service], number)
                number += len(groups)
                services[service] = replace(of_service, groups=groups)
            contents = replace(contents, services=services)
            writer.add_key_value_metadata({CONTENTS_KEY: contents.to_json()})
        _sync(temporary)
        temporary.rename(path)
        _sync(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    finally:
        # It is needed again after minutes.
        pa.default_memory_pool().release_unused()
    return contents


def _write_rows(writer: pq.ParquetWriter, descriptor: int, entries: Sequence[Entry], first: int) -> tuple[Group, ...]:
    """Of one service's windows, in row groups from the number `first` on."""
    windows = [journal.StoredWindow(descriptor, entry) for entry in entries]
    groups: list[Group] = []
    for rows in in_order(windows, order):
        writer.write_table(_table(entries[0].service, rows), row_group_size=len(rows))
        sums = (int(column.sum()) for column in (rows.counts, rows.throttled, rows.microseconds))
        groups.append(Group(first + len(groups), len(rows), *sums))
    return tuple(groups)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _totals(entries: Sequence[Entry]) -> pa.Table:
    """Of each window a row for the anonymous, and one for each other identity that sent anything."""
    found = sorted(
        (entry.service, entry.second, identity, *total)
        for entry in entries
        for identity, total in enumerate(entry.head["totals"])
        if identity == 0 or any(total)
    )
    services, seconds, identities, counts, microseconds = zip(*found, strict=True)
    size = len(found)
    return pa.Table.from_arrays(
        [
            pa.array(services).dictionary_encode(),
            pa.array([UNIDENTIFIED[each] for each in identities]).dictionary_encode(),
            _starts(np.array(seconds, np.int64)),
            pa.array(np.zeros(size, np.uint64)),
            _all(NO_POLICY, size),
            pa.array(np.array(counts, np.int64)),
            pa.array(np.zeros(size, np.int64)),
            pa.array(np.array(microseconds, np.int64)),
        ],
        schema=arrow_schema(),
    )


def _table(service: str, rows: Rows) -> pa.Table:
    size = len(rows)
    policy = pa.DictionaryArray.from_arrays(pa.array(rows.policy.astype(np.int32)), pa.array(rows.policies))
    return pa.Table.from_arrays(
        [
            _all(service, size),
            _all(USER, size),
            _starts(rows.seconds),
            pa.array(rows.users),
            policy,
            pa.array(rows.counts),
            pa.array(rows.throttled),
            pa.array(rows.microseconds),
        ],
        schema=arrow_schema(),
    )


def _all(value: str, size: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([value]))


def _starts(seconds: Int64) -> pa.Array:
    return pa.array(seconds * _MILLISECONDS).view(pa.timestamp("ms", tz="UTC"))
