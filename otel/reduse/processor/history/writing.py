"""The journal of a source that is being written: a file that grows by a window each second."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reduse.history import journal, names
from reduse.history.names import PartName
from reduse.history.rows import WindowRows
from reduse.processor.history import modes


class OpenJournal:
    """Raises OSError wherever it touches the disk."""

    def __init__(self, path: Path, name: PartName, opened: float) -> None:
        """Goes on with what is whole in the file, if there is one. `opened`: now, in Unix seconds."""
        self.path = path
        self.name = name
        self.opened = opened
        self.rows = self.size = 0
        self.last: int | None = None
        # Bytes that are known to be durable; not even the file is before.
        self.synced = -1
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, modes.of_file(path))
        try:
            self._read()
        except BaseException:
            os.close(self.descriptor)
            raise

    def _read(self) -> None:
        for entry in journal.entries(self.descriptor):
            try:
                journal.window(self.descriptor, entry)
            except journal.TornError:
                break
            self.rows, self.size, self.last = self.rows + entry.rows, entry.end, entry.number
        # What is behind is left from a process that died, and comes again.
        os.ftruncate(self.descriptor, self.size)
        if self.size:
            # What is found here is not kept once more.
            self.sync()

    def append(self, window: WindowRows) -> None:
        """Whole, or not at all."""
        record = journal.pack(window)
        try:
            length = self._write(record)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
            raise
        self.size += length
        self.rows += len(window)
        self.last = window.number

    def _write(self, parts: Sequence[bytes | memoryview]) -> int:
        """How many bytes."""
        at = self.size
        for part in parts:
            rest = memoryview(part)
            while rest:
                written = os.pwrite(self.descriptor, rest, at)
                rest, at = rest[written:], at + written
        return at - self.size

    @property
    def unsynced(self) -> bool:
        return self.synced < self.size

    def sync(self) -> None:
        """What was appended is durable when it returns."""
        if self.unsynced:
            os.fdatasync(self.descriptor)
            self.synced = self.size

    def close(self) -> None:
        os.close(self.descriptor)


def journal_path(folder: Path, name: PartName) -> Path:
    return folder / f"{name}{names.JOURNAL}"
