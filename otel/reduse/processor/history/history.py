"""The history that a process keeps: windows into journals, at once; journals into Parquet files, beside it.

What fails here costs the history and nothing else: nothing is raised, nobody waits for more than a write into a file.
What is not kept is counted and told, and whoever reads the history finds that it is missing.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from reduse.history import journal, names
from reduse.history.files import find
from reduse.history.names import PartName, parsed
from reduse.history.numbers import Numbers
from reduse.processor.core.engine import Emission
from reduse.processor.core.window import ClosedWindow
from reduse.processor.faults import Faults
from reduse.processor.history import modes
from reduse.processor.history.bound import Limits, keep
from reduse.processor.history.rows import rows
from reduse.processor.history.source import Source
from reduse.processor.history.status import Status
from reduse.processor.history.writing import OpenJournal

logger = logging.getLogger(__name__)

# Of a file: the more there are, the less each takes and the quicker it is read; but the later SQL sees it.
ROWS_LIMIT = 1 << 21
# What is left free for the state and for others, who need it more.
FREE_BYTES, FREE_PART = 256 * 2**20, 0.05
# After the disk took no window.
AGAIN_SECONDS = 5.0
# After a journal could not become a Parquet file, and after the folder could not be used.
BUILD_AGAIN_SECONDS = BEGIN_AGAIN_SECONDS = 30.0
# A machine may begin with a clock that is wrong, by which all files would be too old.
AGE_AFTER_SECONDS = 600.0
LOOK_SECONDS = 1.0
TRIM_SECONDS = 10.0
STOP_SECONDS = 10.0
_NICE = 10


class FullError(OSError):
    """There is room, but not for the history."""


class NewerHistoryError(OSError):
    """The folder has files that a newer release wrote."""


class History:
    """One folder, of one process."""

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        faults: Faults,
        clock: Callable[[], float] = time.time,
        *,
        rows_limit: int = ROWS_LIMIT,
    ) -> None:
        """`clock` in Unix seconds."""
        self.status = Status()
        self._folder = folder
        self._limits = limits
        self._faults = faults
        self._clock = clock
        self._begun = clock(), time.monotonic()
        self._rows_limit = rows_limit
        # Held for what changes journals, which takes milliseconds: two threads do.
        self._lock = threading.Lock()
        self._sources: dict[str, Source] = {}
        self._kept: dict[str, Numbers] = {}
        # Journals that are to become Parquet files.
        self._closed: deque[OpenJournal] = deque()
        self._names_unsynced = True
        self._grown = 0
        self._refused_until = self._build_after = self._trim_after = self._begin_after = 0.0
        self._wake = threading.Event()
        self._stopping = False
        self._folder_lock: int | None = None
        # Why nothing can be recorded, until its folder could be used.
        self._unusable = ""
        self._try_to_begin()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def _try_to_begin(self) -> None:
        """Another process may have the folder for a moment more, or its disk fail for one."""
        before = self._unusable
        try:
            self._begin()
        except OSError as error:
            self._unusable = str(error)
            self._begin_after = time.monotonic() + BEGIN_AGAIN_SECONDS
            self._let_go()
            if self._unusable != before:
                again = f"it is tried again every {BEGIN_AGAIN_SECONDS:.0f} s"
                logger.error("the history cannot be recorded, %s: %s", again, error)  # noqa: TRY400 - it says it all
        else:
            self._unusable = ""
            if before:
                logger.warning("the history is recorded from now on")

    def _growing(self) -> list[OpenJournal]:
        return [source.open for source in self._sources.values() if source.open is not None]

    def _journals(self) -> list[OpenJournal]:
        """Those that are to become Parquet files, and those that still grow."""
        return [*self._closed, *self._growing()]

    def _let_go(self) -> None:
        with self._lock:
            for each in self._journals():
                each.close()
            self._closed.clear()
            self._sources.clear()
        if self._folder_lock is not None:
            os.close(self._folder_lock)
            self._folder_lock = None

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=modes.of_folder(self._folder))
        lock = self._folder / "lock"
        self._folder_lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, modes.of_file(lock))
        try:
            fcntl.flock(self._folder_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FullError(f"{self._folder} is in use by another process: each needs a folder of its own") from None
        found = find([self._folder])
        if found.newer:
            raise NewerHistoryError(
                f"{self._folder} has files of a newer release, such as {found.newer[0].name}, which stay as they are: "
                "run that release, or set REDUSE_PROCESSOR_HISTORY_DIR to another folder"
            )
        for path in self._folder.glob(f"*{names.TEMPORARY}"):
            path.unlink()
        for path, why in found.unreadable.items():
            self._faults.meet("files of the history cannot be read", f"{path.name}: {why}")
        runs: dict[str, list[tuple[int, int]]] = {}
        for part in found.parts:
            runs.setdefault(part.contents.source, []).append((part.contents.first, part.contents.last))
        self._kept = {source: Numbers(of_source) for source, of_source in runs.items()}
        for name, path in self._journals_left():
            source = self._source(name.source)
            source.finish()
            source.open = OpenJournal(path, name, self._clock())
        self._trim()

    def _journals_left(self) -> list[tuple[PartName, Path]]:
        """Of a process before, in the order in which they were written."""
        left = []
        for path in self._folder.glob(f"*{names.JOURNAL}"):
            name = parsed(path.stem)
            if name is None:
                continue
            if path.with_suffix(names.PARQUET).exists():
                path.unlink()
                continue
            left.append((name, path))
        return sorted(left)

    def source(self, name: str) -> Callable[[Sequence[Emission]], None]:
        """What keeps the windows of one that closes them; those that are kept already are left out."""
        name = names.source_name(name)

        def keep_all(emissions: Sequence[Emission]) -> None:
            for emission in emissions:
                if emission.window is not None:
                    self._keep(name, emission.window, emission.number)

        return keep_all

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            self._sources[name] = Source(self._folder, name, self._kept.setdefault(name, Numbers()), self._finished)
        return self._sources[name]

    def _keep(self, name: str, window: ClosedWindow, number: int) -> None:
        if self._unusable:
            self._drop("folder", OSError(self._unusable))
            return
        with self._lock:
            try:
                source = self._source(name)
                if number in source.kept:
                    return
                self._check_room()
                size_limit = self._limits.journal // len(self._sources)
                of_window = rows(window, number)
                source.append(of_window, self._clock(), self._rows_limit, size_limit)
            except OSError as error:
                self._refuse(name)
                self._drop("disk", error)
            except Exception as error:
                logger.exception("a window could not be recorded")
                self._refuse(name)
                self._drop("defect", error)
            else:
                self.status.windows += 1
                self.status.rows += len(of_window)
                self._grown += 16 * len(of_window)
        if self._grown > self._limits.size // 16:
            self._wake.set()

    def _check_room(self) -> None:
        """Raises FullError."""
        if time.monotonic() < self._refused_until:
            raise FullError("the disk was full a moment ago")
        status = os.statvfs(self._folder)
        free, whole = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
        if free < min(FREE_BYTES, whole * FREE_PART):
            raise FullError(f"{free} bytes are free, which are reserved for other files")

    def _refuse(self, name: str) -> None:
        if time.monotonic() >= self._refused_until:
            self._refused_until = time.monotonic() + AGAIN_SECONDS
        if name in self._sources:
            self._sources[name].drop()

    def _drop(self, reason: str, error: Exception) -> None:
        self.status.dropped[reason] += 1
        self._faults.meet("windows are not recorded in the history", str(error))

    def _finished(self, found: OpenJournal) -> None:
        self._closed.append(found)
        self._names_unsynced = True
        self._wake.set()

    def sync(self) -> None:
        """What was kept is durable when it returns, or the log says that it is not."""
        try:
            with self._lock:
                self._sync()
        except OSError as error:
            self._faults.meet("the history cannot be made durable", str(error))

    def _sync(self) -> None:
        if self._unusable:
            return
        for each in self._journals():
            self._names_unsynced |= each.synced < 0
            each.sync()
        if self._names_unsynced:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._names_unsynced = False

    def stop(self) -> None:
        """All that was kept is on disk when it returns; what is in journals stays there for the next process."""
        self._stopping = True
        self._wake.set()
        self._thread.join(STOP_SECONDS)
        self.sync()
        if not self._thread.is_alive():
            self._let_go()

    # Beside it, in a thread of its own.

    def _run(self) -> None:
        with suppress(OSError):
            # Who closes windows comes first.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not self._stopping:
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            try:
                if not self._unusable:
                    self._look()
                elif time.monotonic() >= self._begin_after:
                    self._try_to_begin()
            except OSError as error:
                self._faults.meet("files of the history cannot be converted or removed now", str(error))
            except Exception:
                logger.exception("a defect in the history")

    def _look(self) -> None:
        with self._lock:
            for source in self._sources.values():
                if source.is_over(self._clock()):
                    source.finish()
            growing = [os.dup(each.descriptor) for each in self._growing() if each.unsynced]
        for descriptor in growing:
            # So that little is left to do where somebody waits for it.
            with suppress(OSError):
                os.fdatasync(descriptor)
            os.close(descriptor)
        now = time.monotonic()
        while self._closed and not self._stopping and now >= self._build_after:
            self._build(self._closed[0])
        if now >= self._trim_after or self._grown > self._limits.size // 16:
            self._trim_after, self._grown = now + TRIM_SECONDS, 0
            self._trim()

    def _build(self, found: OpenJournal) -> None:
        # Takes longer to import than all the rest.
        from reduse.processor.history import parquet

        try:
            entries = tuple(journal.entries(found.descriptor))
            parquet.write(found.descriptor, entries, found.name.source, found.path.with_suffix(names.PARQUET))
            found.path.unlink(missing_ok=True)
        except OSError as error:
            self.status.failures += 1
            self._build_after = time.monotonic() + BUILD_AGAIN_SECONDS
            self._faults.meet("a journal of the history cannot be converted to a Parquet file", str(error))
            return
        except Exception:
            # It stays as it is, which is read as well.
            self.status.failures += 1
            logger.exception("%s cannot be converted to a Parquet file", found.path.name)
        with self._lock:
            self._closed.popleft()
            found.close()
        self._trim()

    def _age_as_of(self) -> float:
        """The time (Unix seconds) that the age of files is reckoned from: a clock that jumps ahead removes nothing."""
        begun, monotonic = self._begun
        passed = time.monotonic() - monotonic
        return min(self._clock(), begun + passed) if passed >= AGE_AFTER_SECONDS else 0.0

    def _trim(self) -> None:
        with self._lock:
            in_use = {each.path for each in self._growing()}
        kept = keep(self._folder, self._limits, self._age_as_of(), in_use)
        self.status.size, self.status.oldest = kept.size, kept.oldest
        self.status.removed += kept.removed
        with self._lock:
            # A file that is removed takes its room until it is closed.
            for each in [each for each in self._closed if not each.path.exists()]:
                self._closed.remove(each)
                each.close()
