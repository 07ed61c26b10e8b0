"""Whether the disk takes what one thread writes, which others ask while it writes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reduse.processor.state.store import BusyError, UnavailableError

logger = logging.getLogger(__name__)

# Without anything to write it is tried so often whether the disk would take it.
PROBE_SECONDS = 1.0
# A write that takes longer hangs: nothing is taken meanwhile.
STALLED_SECONDS = 10.0


class DiskWatch:
    """`writable` and `look` are for any thread, all else for the one that writes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds."""
        self._clock = clock
        # Of the last write: whether it worked, and when that was seen.
        self.available = True
        self._tried = self._clock()
        # Since when one is under way; and the one of which the log says that it hangs.
        self._writing_since: float | None = None
        self._told_since: float | None = None

    @property
    def writable(self) -> bool:
        """Whether the last write worked, and none hangs."""
        since = self._writing_since
        return self.available and (since is None or self._clock() - since < STALLED_SECONDS)

    @property
    def probe_due(self) -> bool:
        return self._clock() - self._tried >= PROBE_SECONDS

    def look(self) -> None:
        """Tell of a write that hangs: called now and then, as the thread that writes is in it."""
        since = self._writing_since
        if since is None or since == self._told_since:
            return
        if self._clock() - since >= STALLED_SECONDS:
            self._told_since = since
            logger.error(
                "the disk has not finished a write for %.0f s, no request is acknowledged until it has",
                STALLED_SECONDS,
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While something is written that cannot fail, or whose failure says nothing of the next write."""
        self._writing_since = since = self._clock()
        try:
            yield
        finally:
            self._writing_since = None
            if self._told_since == since:
                logger.warning("the disk has finished the write after %.0f s", self._clock() - since)

    def write(self, write: Callable[[], None]) -> UnavailableError | None:
        """The error when that failed. Raises BusyError, which only a probe does, and whatever else `write` does."""
        try:
            with self.writing():
                write()
        except BusyError:
            # What the disk would do is as unknown as before.
            raise
        except UnavailableError as error:
            if self.available:
                logger.error("the state cannot be written, refusing requests until it can: %s", error)  # noqa: TRY400 - no trace
            self.available = False
            return error
        finally:
            self._tried = self._clock()
        if not self.available:
            logger.warning("the state can be written again")
        self.available = True
        return None
