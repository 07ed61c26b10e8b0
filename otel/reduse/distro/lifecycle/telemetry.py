"""All that one process measures, and its life: idle, active, flushed, forked."""

import logging
import os
from collections.abc import Callable
from threading import Lock, Thread
from time import monotonic
from typing import Protocol, cast

from opentelemetry.sdk.metrics.export import Metric

from reduse.distro.base.clock import ExportClock, ExportTime, Reading, SystemClocks
from reduse.distro.base.harmless import harmless
from reduse.distro.base.settings import Settings
from reduse.distro.base.source import Source
from reduse.distro.export.points import sdk_metric
from reduse.distro.sources.http.uvicorn_server import ServerLife
from reduse.distro.sources.instrumentation import AnySource, Process
from reduse.distro.sources.users.backlog import Backlog
from reduse.distro.sources.users.users import Users

FLUSH_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Clocks(Protocol):
    """Where the time comes from."""

    def read(self) -> Reading:
        """The clocks now."""

    def age(self) -> int:
        """For how long this process has run, nanoseconds."""


class Telemetry:
    """What is counted in this process and not yet delivered.

    The process is idle until it serves, sends, consumes or queries something: a supervisor, which only starts workers,
    must not be reported as an instance.
    """

    def __init__(self, settings: Settings, clocks: Clocks | None = None) -> None:
        self.settings = settings
        self._clocks: Clocks = clocks or SystemClocks()
        self.clock = ExportClock(self._clocks.read(), self._clocks.age())
        self._lock = Lock()
        self._on_serving: list[Callable[[], None]] = []
        self._on_activation: list[Callable[[], object]] = []
        self._on_fork: list[Callable[[], None]] = []
        self._flushes: list[Callable[[], object]] = []
        self.active = False
        self._ending = False
        self.users = Users(settings)
        self.server_life = ServerLife(self.serve, self.flush)
        self._sources: dict[Callable[[Process], Source], Source] = {}

    @property
    def backlog(self) -> Backlog:
        """The users' deltas that are not delivered yet."""
        return self.users.backlog

    def source(self, make: Callable[[Process], AnySource]) -> AnySource:
        """The one source that `make` makes: made, and collected from, from the first call on."""
        source = self._sources.get(make)
        if source is None:
            source = self._sources[make] = make(self)
        return cast("AnySource", source)

    def on_serving(self, start: Callable[[], None]) -> None:
        """Have `start` called before the process serves its first request; it may be called again later."""
        self._on_serving.append(start)

    def on_activation(self, start: Callable[[], object]) -> None:
        """Have `start` called when the process becomes active; again in a forked child that does."""
        self._on_activation.append(start)

    def on_fork(self, restart: Callable[[], None]) -> None:
        """Have `restart` called in a forked child, after our own state was reset."""
        self._on_fork.append(restart)

    def on_flush(self, force_flush: Callable[[], object]) -> None:
        """Have `force_flush` called to send what a provider holds."""
        self._flushes.append(force_flush)

    def end(self) -> None:
        """What was measured goes out a last time: nothing is started any more."""
        self._ending = True

    def activate(self) -> None:
        """Something worth measuring happens; later calls do nothing."""
        with self._lock:
            if self.active:
                return
            self.active = True
            if self._ending:
                return
            for start in self._on_activation:
                harmless(start)()

    def serve(self) -> None:
        """A server starts in this process."""
        for start in self._on_serving:
            harmless(start)()
        self.activate()

    def lifespan_ended(self) -> None:
        """A server's application has ended, and maybe the process next: send everything. Blocks, for a bounded time."""
        self.server_life.flush_after_lifespan()

    def idle(self) -> None:
        """A collection has ended. In a process that has done nothing yet, nothing was counted until now."""
        if not self.active:
            self.next_time()

    def next_time(self) -> ExportTime:
        """The time of an export that is made now. Not for several threads at once."""
        return self.clock.next(self._clocks.read())

    def collect(self, time: ExportTime) -> list[Metric]:
        """The cumulative metrics at this time; the users' delta goes to the backlog, unless metrics are scraped."""
        return [
            sdk_metric(metric, time.end)
            for source in tuple(self._sources.values())
            for metric in source.collect(time.previous, time.end)
        ]

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Send everything, or give up after `seconds` and say what is lost if the process ends now. Blocks."""
        flushing = [Thread(target=flush, name="reduse-flush", daemon=True) for flush in self._flushes]
        for thread in flushing:
            thread.start()
        deadline = monotonic() + seconds
        for thread in flushing:
            thread.join(max(0.0, deadline - monotonic()))
        if self.settings.scraped:
            return
        undelivered = self.users.undelivered
        if undelivered:
            _logger.warning("%d requests were counted but not delivered: the agent cannot be reached", undelivered)

    def register_fork(self) -> None:
        """Have a forked child start from nothing: what its parent counted is the parent's to report."""
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self._lock = Lock()
        self.active = False
        self.clock = ExportClock(self._clocks.read(), self._clocks.age(), self.clock.interpreter_start)
        self.users.reset()
        for source in self._sources.values():
            source.reset()
        for restart in self._on_fork:
            restart()
