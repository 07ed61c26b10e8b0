"""Windows that are in no Parquet file yet, as they closed: a file to whose end each is written.

Of a record the layout is: MAGIC, length of head and of body (4 bytes each, little-endian), CRC-32 of head and of body,
the head as JSON, the body's columns one after another. What is torn or damaged is no record, nor is what is after it.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reduse.history.rows import WindowRows

MAGIC = b"RDH1"
_HEAD = struct.Struct("<4sIIII")
# No service name or list of policies is so long.
_LONGEST_HEAD = 1 << 20
_COLUMNS = ("users", "policy", "counts", "throttled", "microseconds")
_KINDS: dict[str, type[np.generic]] = {
    "users": np.uint64,
    "policy": np.uint8,
    "counts": np.int64,
    "throttled": np.int64,
    "microseconds": np.int64,
}
_SHORT = np.iinfo(np.uint32).max


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a window is in a journal. What its body has is checked when it is read."""

    service: str
    second: int
    number: int
    rows: int
    head: dict[str, Any]
    body: int
    length: int
    checksum: int

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.body + self.length


class TornError(Exception):
    """The bytes are not those that were written."""


def pack(window: WindowRows) -> bytes:
    """One record."""
    kinds, columns = {}, []
    for name in _COLUMNS:
        column = getattr(window, name)
        if name in {"policy", "throttled"} and not column.any():
            continue
        if name != "users" and column.dtype == np.int64 and column.size and 0 <= column.min() <= column.max() <= _SHORT:
            column = column.astype(np.uint32)
        kinds[name] = column.dtype.str
        columns.append(np.ascontiguousarray(column).tobytes())
    head = json.dumps(
        {
            "service": window.service,
            "second": window.second,
            "number": window.number,
            "totals": window.totals,
            "policies": window.policies,
            "rows": len(window),
            "requests": int(window.counts.sum()),
            "microseconds": int(window.microseconds.sum()),
            "columns": kinds,
        },
        separators=(",", ":"),
    ).encode()
    body = b"".join(columns)
    return _HEAD.pack(MAGIC, len(head), len(body), zlib.crc32(head), zlib.crc32(body)) + head + body


def entries(descriptor: int) -> Iterator[Entry]:
    """The records of a file, in order, up to the first that is torn or damaged in its head. Raises OSError."""
    size, at = os.fstat(descriptor).st_size, 0
    while at + _HEAD.size <= size:
        start = os.pread(descriptor, _HEAD.size, at)
        if len(start) < _HEAD.size:
            return
        magic, head_length, body_length, head_sum, body_sum = _HEAD.unpack(start)
        body = at + _HEAD.size + head_length
        if magic != MAGIC or head_length > _LONGEST_HEAD or body + body_length > size:
            return
        text = os.pread(descriptor, head_length, at + _HEAD.size)
        if len(text) < head_length or zlib.crc32(text) != head_sum:
            return
        head = json.loads(text)
        yield Entry(head["service"], head["second"], head["number"], head["rows"], head, body, body_length, body_sum)
        at = body + body_length


def window(descriptor: int, entry: Entry) -> WindowRows:
    """Raises TornError, OSError."""
    body = _read(descriptor, entry.length, entry.body)
    if len(body) < entry.length or zlib.crc32(body) != entry.checksum:
        raise TornError(f"the window {entry.number} of {entry.service} is damaged")
    columns: dict[str, npt.NDArray[Any]] = {}
    at = 0
    for name in _COLUMNS:
        if name in entry.head["columns"]:
            kind = np.dtype(entry.head["columns"][name])
            column = np.frombuffer(body, kind, entry.rows, at)
            at += kind.itemsize * entry.rows
            columns[name] = column.astype(_KINDS[name], copy=False)
        else:
            columns[name] = np.zeros(entry.rows, _KINDS[name])
    totals = tuple((count, microseconds) for count, microseconds in entry.head["totals"])
    return WindowRows(entry.service, entry.second, entry.number, totals, tuple(entry.head["policies"]), **columns)


def _read(descriptor: int, length: int, at: int) -> bytes:
    parts = []
    while length:
        part = os.pread(descriptor, length, at)
        if not part:
            break
        parts.append(part)
        at, length = at + len(part), length - len(part)
    return b"".join(parts)
