"""How late asyncio's event loops run what is due: time in which a service that is not busy still answers nobody.

There is no semantic convention for it in Python; the model is "Node.js runtime metrics", `nodejs.eventloop.delay`.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from threading import Lock
from time import perf_counter
from weakref import WeakSet

from reduse.distro.base.aggregation import HistogramAggregation, HistogramState
from reduse.distro.base.source import CollectedMetric, HistogramMetric
from reduse.distro.sources.instrumentation import Instrumentation, Process

# A block shorter than this may fall between two looks.
INTERVAL_SECONDS = 0.1

# Event loops wake up to the millisecond.
DELAY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_NO_ATTRIBUTES = ()

Loops = WeakSet[asyncio.AbstractEventLoop]


class EventLoopDelay:
    """`reduse.event_loop.delay`, seconds: how long after its time a timer of a watched loop ran, ten times a second.

    The timer does not keep its loop alive, and ends with it. A process without asyncio has nothing to report.
    """

    def __init__(self, now: Callable[[], float] = perf_counter) -> None:
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Start from nothing and watch no loop, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._watches = False
        self._delays = HistogramAggregation(_NO_ATTRIBUTES, DELAY_BOUNDS)
        self._watched: Loops = WeakSet()

    def watch(self) -> None:
        """Watch the running loop from now on; nothing happens where there is none or it is watched already."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        with self._lock:
            watched = self._watched
            if loop in watched:
                return
            watched.add(loop)
            self._watches = True
        self._set_timer(loop, watched)

    def _set_timer(self, loop: asyncio.AbstractEventLoop, watched: Loops) -> None:
        due = self._now() + INTERVAL_SECONDS
        # In an empty context: the one at hand may be a request's, which would never be freed.
        loop.call_later(INTERVAL_SECONDS, self._fire, loop, due, watched, context=Context())

    def _fire(self, loop: asyncio.AbstractEventLoop, due: float, watched: Loops) -> None:
        if watched is not self._watched:
            # A timer of the parent's, in a forked child.
            return
        delay = max(0.0, self._now() - due)
        with self._lock:
            self._delays.observe(_NO_ATTRIBUTES, delay)
        self._set_timer(loop, watched)

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:  # noqa: ARG002 - as every source
        """`reduse.event_loop.delay` since the first loop was watched."""
        delays = self.states(previous)
        if not delays:
            return ()
        name, text = "reduse.event_loop.delay", "How late the event loop ran a timer that was due."
        return (HistogramMetric(name, text, "s", delays, DELAY_BOUNDS),)

    def states(self, previous: int) -> list[HistogramState] | None:
        """Everything since the first loop was watched; None when none was. `previous`: when the last collection was."""
        if not self._watches:
            return None
        with self._lock:
            return self._delays.states(previous)


def event_loop_delay(_process: Process) -> EventLoopDelay:
    """The source of a process."""
    return EventLoopDelay()


def _start(process: Process) -> None:
    process.on_serving(process.source(event_loop_delay).watch)


EVENT_LOOP = Instrumentation(None, _start)
