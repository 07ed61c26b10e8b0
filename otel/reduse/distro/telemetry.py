"""All that one process measures, and its life: idle, active, flushed, forked."""

import logging
import os
import sys
from collections.abc import Callable
from threading import Lock, Thread
from time import monotonic
from typing import Protocol

from opentelemetry.sdk.metrics.export import Metric

from reduse.distro.database.aggregation import DatabaseAggregation
from reduse.distro.export.clock import ExportClock, ExportTime, Reading, SystemClocks
from reduse.distro.export.points import database_metrics, event_loop_metrics, http_metrics, messaging_metrics
from reduse.distro.http.aggregation import HttpAggregation
from reduse.distro.messaging.aggregation import MessagingAggregation
from reduse.distro.runtime.event_loop import EventLoopDelay
from reduse.distro.settings import Settings
from reduse.distro.users.backlog import Backlog
from reduse.distro.users.identity import identification

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
        self._settings = settings
        self._clocks: Clocks = clocks or SystemClocks()
        self.clock = ExportClock(self._clocks.read(), self._clocks.age())
        self._lock = Lock()
        self._on_serving: list[Callable[[], None]] = []
        self._on_activation: list[Callable[[], object]] = []
        self._on_fork: list[Callable[[], None]] = []
        self._flushes: list[Callable[[], object]] = []
        self.active = False
        self._ending = False
        self.identification = identification(settings.without_users() if settings.scraped else settings)
        self.http = HttpAggregation(settings.user_limit, settings.duration_bounds)
        self.messaging = MessagingAggregation(self.activate)
        self.database = DatabaseAggregation(self.activate)
        self.event_loop = EventLoopDelay()
        self.backlog = Backlog(settings.user_limit)

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
                start()

    def serve(self) -> None:
        """A server starts in this process."""
        for start in self._on_serving:
            start()
        self.activate()

    def open_http(self) -> None:
        """The process serves HTTP; later calls do nothing."""
        self.serve()
        self.event_loop.watch()
        if self.http.is_open:
            return
        notice = self._settings.user_notice
        if notice is not None:
            sys.stderr.write(f"reduse: {notice}\n")
        self.http.open()

    def idle(self) -> None:
        """A collection has ended. In a process that has done nothing yet, nothing was counted until now."""
        if not self.active:
            self.next_time()

    def next_time(self) -> ExportTime:
        """The time of an export that is made now. Not for several threads at once."""
        return self.clock.next(self._clocks.read())

    def collect(self, time: ExportTime) -> list[Metric]:
        """The cumulative metrics at this time; the users' delta goes to the backlog, unless metrics are scraped.

        A scrape may be repeated or lost: no delta survives that, so then there are no users to begin with.
        """
        previous, end = time.previous, time.end
        metrics: list[Metric] = []
        http = self.http.collect(previous, end)
        if http is not None:
            if not self._settings.scraped:
                self.backlog.add(http.users)
            metrics += http_metrics(http, end)
        messaging = self.messaging.collect(previous)
        if messaging is not None:
            metrics += messaging_metrics(messaging, end)
        metrics += database_metrics(self.database.collect(previous), end)
        delays = self.event_loop.collect(previous)
        if delays is not None:
            metrics += event_loop_metrics(delays, end)
        return metrics

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Send everything, or give up after `seconds` and say what is lost if the process ends now. Blocks."""
        flushing = [Thread(target=flush, name="reduse-flush", daemon=True) for flush in self._flushes]
        for thread in flushing:
            thread.start()
        deadline = monotonic() + seconds
        for thread in flushing:
            thread.join(max(0.0, deadline - monotonic()))
        if self._settings.scraped:
            return
        # An export that still waits for the agent holds up the collection of what came after it.
        undelivered = self.backlog.requests + self.http.uncollected
        if undelivered:
            _logger.warning("%d requests were counted but not delivered: the agent is away", undelivered)

    def register_fork(self) -> None:
        """Have a forked child start from nothing: what its parent counted is the parent's to report."""
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self._lock = Lock()
        self.active = False
        self.clock = ExportClock(self._clocks.read(), self._clocks.age(), self.clock.interpreter_start)
        self.identification.reset()
        self.http.reset()
        self.messaging.reset()
        self.database.reset()
        self.event_loop.reset()
        self.backlog.clear()
        for restart in self._on_fork:
            restart()
