"""The log's records in a file beside the database, which would copy each of them several times.

Whoever uses it remembers, durably and elsewhere, where the log ends: what is behind that place was never there. Layout:
of each record its length (4 bytes, little-endian) and its bytes.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from reduse.processor.state.files import sync_names, write_all

FILE = "log"

_LENGTH = struct.Struct("<I")


class TornError(Exception):
    """The file does not have what it had."""


class Log:
    def __init__(self, folder: Path, end: int) -> None:
        """Of `end` bytes. Raises OSError; TornError when the file has fewer."""
        self.end = end
        self._descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            sync_names(folder)
            self._cut()
        except BaseException:
            self.close()
            raise

    def _cut(self) -> None:
        """What is behind the end is left from a process that died."""
        size = os.fstat(self._descriptor).st_size
        if size < self.end:
            raise TornError(f"the log has {size} of {self.end} bytes")
        os.ftruncate(self._descriptor, self.end)

    def close(self) -> None:
        os.close(self._descriptor)

    def write(self, records: Sequence[bytes]) -> int:
        """Put the records behind the end; durable when it returns, and there when `end` becomes what it returns.

        Raises OSError.
        """
        os.lseek(self._descriptor, self.end, os.SEEK_SET)
        for record in records:
            write_all(self._descriptor, _LENGTH.pack(len(record)))
            write_all(self._descriptor, record)
        os.fdatasync(self._descriptor)
        return self.end + sum(_LENGTH.size + len(record) for record in records)

    @property
    def size(self) -> int:
        """Bytes on disk: the log's, or what the longest since it was opened took. Records go into that room again,
        which costs less than to grow a file.
        """
        return os.fstat(self._descriptor).st_size

    def read(self) -> Iterator[bytes]:
        """The records in order. Raises OSError; TornError when a length leads beyond the end."""
        at = 0
        while at < self.end:
            (length,) = _LENGTH.unpack(self._read(at, _LENGTH.size))
            yield self._read(at + _LENGTH.size, length)
            at += _LENGTH.size + length

    def _read(self, at: int, size: int) -> bytes:
        if at + size > self.end:
            raise TornError(f"a record at {at} goes beyond the end of the log at {self.end}")
        parts = []
        while size:
            part = os.pread(self._descriptor, size, at)
            if not part:
                raise TornError(f"no record at {at} of the log, which ends at {self.end}")
            parts.append(part)
            at, size = at + len(part), size - len(part)
        return b"".join(parts)
