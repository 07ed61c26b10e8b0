"""Snapshots as files beside the database, which would copy a hundred megabytes several times."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reduse.processor.state.files import sync_names, write_all

PREFIX = "snapshot-"


class Snapshots:
    """Files in a folder. One is valid from when somebody else remembers its name; until then it is rubbish."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, parts: Sequence[bytes | memoryview]) -> str:
        """Durable when it returns; its name. Raises OSError, and then there is no file."""
        path = self._folder / f"{PREFIX}{uuid.uuid4().hex}"
        try:
            with path.open("xb", buffering=0) as file:
                for part in parts:
                    write_all(file.fileno(), part)
                os.fsync(file.fileno())
            sync_names(self._folder)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path.name

    def read(self, name: str) -> bytes:
        """Raises OSError."""
        return (self._folder / name).read_bytes()

    def remove_but(self, name: str | None) -> None:
        """All others are left from a process that died, or have been replaced. What cannot be removed waits."""
        with suppress(OSError):
            for path in self._folder.glob(f"{PREFIX}*"):
                if path.name != name:
                    with suppress(OSError):
                        path.unlink()

    def size(self) -> int:
        """In bytes. Raises OSError."""
        return sum(path.stat().st_size for path in self._folder.glob(f"{PREFIX}*"))
