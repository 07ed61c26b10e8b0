"""One that closes windows, the processor or a partition: each of its windows goes into the journal once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reduse.history import names
from reduse.history.names import HOUR, PartName, parsed
from reduse.history.numbers import Numbers
from reduse.history.rows import WindowRows
from reduse.processor.history import modes
from reduse.processor.history.writing import OpenJournal, journal_path

# What closes a little later than its hour goes into its file.
GRACE_SECONDS = 60


class Source:
    """Not for two threads at once. Raises OSError wherever it touches the disk."""

    def __init__(self, folder: Path, name: str, kept: Numbers, done: Callable[[OpenJournal], None]) -> None:
        """`kept`: numbers of windows that are on disk. `done` is given each journal that grows no more."""
        self.name = name
        self.kept = kept
        self.open: OpenJournal | None = None
        self._folder = folder
        self._done = done
        self._mark = folder / f"{name}{names.WHOLE}"
        self._whole = self._mark.exists()
        # Of the newest hour that a window was in, the number of its next file.
        self._hour = self._part = 0

    def append(self, window: WindowRows, now: float, rows_limit: int, size_limit: int) -> None:
        """Keep it. A file has at most so many rows, and its journal so many bytes, unless one window alone has more.

        `now` in Unix seconds.
        """
        hour = max(self._hour, window.second // HOUR * HOUR)
        found = self.open
        if found is not None and (
            hour > found.name.hour
            or (found.last is not None and window.number != found.last + 1)
            or (found.last is not None and (found.rows + len(window) > rows_limit or found.size >= size_limit))
        ):
            self.finish()
        if self.open is None:
            name = self._next_name(hour)
            self.open = OpenJournal(journal_path(self._folder, name), name, now)
        self.open.append(window)
        self.kept.add(window.number)
        if not self._whole:
            with suppress(OSError):
                self._mark.touch(mode=modes.of_file(self._mark))
                self._whole = True

    def drop(self) -> None:
        """A window is not kept: whoever reads the history is to know that the newest are not in it."""
        if self._whole:
            self._whole = False
            # Works where the disk is full.
            with suppress(OSError):
                self._mark.unlink(missing_ok=True)

    def finish(self) -> None:
        """The journal grows no more."""
        found, self.open = self.open, None
        if found is None:
            return
        if found.last is None:
            found.close()
            with suppress(OSError):
                found.path.unlink()
        else:
            self._done(found)

    def is_over(self, now: float) -> bool:
        """Whether the hour in which its journal was opened ended a minute ago: nothing comes that would end it."""
        return self.open is not None and now >= (self.open.opened // HOUR + 1) * HOUR + GRACE_SECONDS

    def _next_name(self, hour: int) -> PartName:
        if hour > self._hour:
            found = (parsed(path.stem) for path in self._folder.glob(f"{self.name}_*"))
            parts = [each.part for each in found if each is not None and (each.source, each.hour) == (self.name, hour)]
            self._hour, self._part = hour, max(parts, default=-1) + 1
        else:
            self._part += 1
        return PartName(self.name, hour, self._part)
