"""Counts and durations of messages.

Source: OpenTelemetry semantic conventions, "Messaging metrics".
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from reduse.distro.aggregation import HistogramAggregation, HistogramState, SumAggregation, SumState
from reduse.distro.http.attributes import DURATION_BOUNDS

SYSTEM = "rabbitmq"
ATTRIBUTES = ("messaging.operation.name", "messaging.system", "messaging.destination.name", "error.type")


@dataclass(frozen=True, slots=True)
class MessagingState:
    """All that was counted since `start`, nanoseconds of Unix time."""

    start: int
    sent: list[SumState]
    consumed: list[SumState]
    process: list[HistogramState]


class MessagingAggregation:
    """`messaging.client.sent.messages`, `messaging.client.consumed.messages`, `messaging.process.duration`.

    `on_first` is called when the first message of the process is counted.
    """

    def __init__(self, clock: Callable[[], int], on_first: Callable[[], None]) -> None:
        self._clock = clock
        self._on_first = on_first
        self.reset()

    def reset(self) -> None:
        """Start from nothing with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._start = 0
        self._sent = SumAggregation(ATTRIBUTES)
        self._consumed = SumAggregation(ATTRIBUTES)
        self._process = HistogramAggregation(ATTRIBUTES, DURATION_BOUNDS)

    def sent(self, exchange: str, error: str | None) -> None:
        """A message was given to the broker, or could not be."""
        self._begin()
        with self._lock:
            self._sent.add(("publish", SYSTEM, exchange, error), 1)

    def consumed(self, queue: str, error: str | None) -> None:
        """A message was taken from a queue for good, or given back or rejected: then `error` says so."""
        self._begin()
        with self._lock:
            self._consumed.add(("consume", SYSTEM, queue, error), 1)

    def processed(self, queue: str, error: str | None, seconds: float) -> None:
        """The application has worked on a message for `seconds`."""
        self._begin()
        with self._lock:
            self._process.observe(("process", SYSTEM, queue, error), seconds)

    def _begin(self) -> None:
        if self._start == 0:
            self._start = self._clock()
            self._on_first()

    def collect(self) -> MessagingState | None:
        """Everything since the first message; None when there was none."""
        if self._start == 0:
            return None
        with self._lock:
            return MessagingState(self._start, self._sent.states(), self._consumed.states(), self._process.states())
