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

from reduse.history.contents import NewerVersionError
from reduse.history.rows import UInt64, WindowRows

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


def pack(window: WindowRows) -> list[bytes | memoryview]:
    """One record, in parts that are to be written one after another: columns are not copied."""
    kinds: dict[str, str] = {}
    columns: list[memoryview] = []
    for name in _COLUMNS:
        column = _smallest(getattr(window, name))
        if column is not None:
            kinds[name] = column.dtype.str
            columns.append(np.ascontiguousarray(column).view(np.uint8).data)
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
    body_sum = 0
    for part in columns:
        body_sum = zlib.crc32(part, body_sum)
    length = sum(map(len, columns))
    return [_HEAD.pack(MAGIC, len(head), length, zlib.crc32(head), body_sum) + head, *columns]


def _smallest(column: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """None for a column of zeros."""
    if not column.size or column.strides == (0,):
        return column if column.any() else None
    if column.dtype != np.int64:
        return column if column.dtype != np.uint8 or column.any() else None
    least, most = column.min(), column.max()
    if least == most == 0:
        return None
    return column.astype(np.uint32) if least >= 0 and most <= _SHORT else column


def entries(descriptor: int) -> Iterator[Entry]:
    """The records of a file, in order, up to the first that is torn or damaged in its head.

    Raises OSError; NewerVersionError for a file of another version.
    """
    size, at = os.fstat(descriptor).st_size, 0
    while at + _HEAD.size <= size:
        start = os.pread(descriptor, _HEAD.size, at)
        if len(start) < _HEAD.size:
            return
        magic, head_length, body_length, head_sum, body_sum = _HEAD.unpack(start)
        body = at + _HEAD.size + head_length
        if at == 0 and magic != MAGIC and magic.startswith(MAGIC[:-1]):
            raise NewerVersionError(f"a newer release wrote it: its records begin with {magic!r}")
        if magic != MAGIC or head_length > _LONGEST_HEAD or body + body_length > size:
            return
        text = os.pread(descriptor, head_length, at + _HEAD.size)
        if len(text) < head_length or zlib.crc32(text) != head_sum:
            return
        head = json.loads(text)
        yield Entry(head["service"], head["second"], head["number"], head["rows"], head, body, body_length, body_sum)
        at = body + body_length


class StoredWindow:
    """A window in a journal, of which only parts are in memory. Raises TornError, OSError wherever it reads."""

    def __init__(self, descriptor: int, entry: Entry) -> None:
        self._descriptor, self._entry = descriptor, entry
        self._checked = False

    @property
    def second(self) -> int:
        return self._entry.second

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self._entry.head["policies"])

    def __len__(self) -> int:
        return self._entry.rows

    def users(self) -> UInt64:
        """Of all rows."""
        if not self._checked:
            return self.part(0, len(self)).users
        return self._users(0, len(self))

    def part(self, first: int, end: int) -> WindowRows:
        """The rows from one place up to another. What is in a window is checked when it is read for the first time."""
        if not self._checked or (first, end) == (0, len(self)):
            found = window(self._descriptor, self._entry)
            self._checked = True
            return found.part(first, end)
        columns: dict[str, npt.NDArray[Any]] = {}
        at = self._entry.body
        for name, kind in _columns(self._entry):
            if kind is None:
                columns[name] = np.zeros(end - first, _KINDS[name])
                continue
            body = _read(self._descriptor, (end - first) * kind.itemsize, at + first * kind.itemsize)
            columns[name] = np.frombuffer(body, kind)
            at += kind.itemsize * self._entry.rows
        return _window(self._entry, columns)

    def _users(self, first: int, end: int) -> UInt64:
        # They are the first column.
        size = np.dtype(np.uint64).itemsize
        return np.frombuffer(_read(self._descriptor, (end - first) * size, self._entry.body + first * size), np.uint64)


def window(descriptor: int, entry: Entry) -> WindowRows:
    """Raises TornError, OSError."""
    body = _read(descriptor, entry.length, entry.body)
    if len(body) < entry.length or zlib.crc32(body) != entry.checksum:
        raise TornError(f"the window {entry.number} of {entry.service} is damaged")
    columns: dict[str, npt.NDArray[Any]] = {}
    at = 0
    for name, kind in _columns(entry):
        if kind is None:
            columns[name] = np.zeros(entry.rows, _KINDS[name])
        else:
            columns[name] = np.frombuffer(body, kind, entry.rows, at)
            at += kind.itemsize * entry.rows
    return _window(entry, columns)


def _columns(entry: Entry) -> Iterator[tuple[str, np.dtype[Any] | None]]:
    """In their order in the body, and how numbers are written; None for a column of zeros, which is not."""
    for name in _COLUMNS:
        kind = entry.head["columns"].get(name)
        yield name, None if kind is None else np.dtype(kind)


def _window(entry: Entry, columns: dict[str, npt.NDArray[Any]]) -> WindowRows:
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
