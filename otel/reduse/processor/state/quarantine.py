"""What made the core raise, each in a file of its own, so that everything else goes on and the defect can be found."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path

from reduse.processor.core.held import Held
from reduse.processor.state.files import sync_names, write_all

logger = logging.getLogger(__name__)

FOLDER = "quarantine"
# Of what is held the newest files are kept, of at most so many bytes together.
FILES_KEPT = 16
BYTES_KEPT = 64 * 2**20
# So many are remembered, so that one that is met again is not counted again.
_REMEMBERED = 256
_NAME_DIGITS = 16


class Quarantine:
    """A folder inside that of the state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._met: deque[str] = deque(maxlen=_REMEMBERED)
        # Since the start of this process.
        self.counts: Counter[str] = Counter()
        # Bytes on disk.
        self.size = self._weigh()

    def hold(self, body: bytes, what: Held, error: Exception) -> bool:
        """Keep the bytes, count and log them; whether they are on disk."""
        path = self._folder / f"{what.value}-{hashlib.sha256(body).hexdigest()[:_NAME_DIGITS]}"
        kept = self._keep(path, body)
        if path.name not in self._met:
            self._met.append(path.name)
            self.counts[what.value] += 1
            where = f"is quarantined in {path}: send this file with a report" if kept else "cannot be kept"
            logger.error("a %s triggered a defect and %s", what.value, where, exc_info=error)
        return kept

    def _keep(self, path: Path, body: bytes) -> bool:
        try:
            if path.exists():
                return True
            self._folder.mkdir(exist_ok=True, mode=0o700)
            with path.open("wb", buffering=0) as file:
                write_all(file.fileno(), body)
                os.fsync(file.fileno())
            sync_names(self._folder)
        except OSError:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return False
        # Where the disk fails just now, the next one that is held does it.
        with suppress(OSError):
            self._trim(path)
            self.size = self._weigh()
        return True

    def _trim(self, newest: Path) -> None:
        files = sorted(self._files(), key=lambda path: (path == newest, path.stat().st_mtime_ns), reverse=True)
        total = 0
        for number, path in enumerate(files):
            total += path.stat().st_size
            if number and (number >= FILES_KEPT or total > BYTES_KEPT):
                with suppress(OSError):
                    path.unlink()

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("*") if path.is_file()]

    def _weigh(self) -> int:
        return sum(path.stat().st_size for path in self._files())
