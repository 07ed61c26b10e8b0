"""What a history keeps: so many bytes, for so many days; what is oldest goes first."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reduse.history import names

DAY_SECONDS = 86_400
# Of the bytes, kept free for the file that is being written from a journal: both are there for a moment.
_ROOM = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """`size` in bytes."""

    size: int
    days: float

    @property
    def journal(self) -> int:
        """Bytes at which the journals that are open become Parquet files, all together."""
        return self.size // 4


@dataclass(frozen=True, slots=True)
class Kept:
    """`size` in bytes. `oldest`: the hour (Unix seconds) of the oldest file, None without any. `removed` files."""

    size: int
    oldest: int | None
    removed: int


def keep(folder: Path, limits: Limits, now: float, in_use: Container[Path]) -> Kept:
    """Remove what is beyond the limits, but not what is in use. `now` in Unix seconds.

    A file's age is the time since it was written: windows of a sender whose clock is wrong are of any time. Raises
    OSError when the folder cannot be read.
    """
    files = sorted(_files(folder))
    total, removed = sum(size for _, _, size in files), 0
    oldest: int | None = None
    for written, path, size in files:
        beyond = total > limits.size - limits.size // _ROOM or written < now - limits.days * DAY_SECONDS
        if beyond and path not in in_use:
            with suppress(OSError):
                path.unlink()
                total, removed = total - size, removed + 1
                continue
        name = names.parsed(path.stem)
        if name is not None:
            oldest = name.hour if oldest is None else min(oldest, name.hour)
    return Kept(total, oldest, removed)


def _files(folder: Path) -> list[tuple[float, Path, int]]:
    found = []
    for path in folder.iterdir():
        if path.suffix in {names.PARQUET, names.JOURNAL, names.TEMPORARY}:
            # Another thread removes journals that have become Parquet files.
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime, path, status.st_size))
    return found
