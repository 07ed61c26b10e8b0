"""Counts and durations of messages and of what a client does with them.

Source: OpenTelemetry semantic conventions, "Messaging metrics" and "RabbitMQ".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from reduse.distro.aggregation import HistogramAggregation, HistogramState, SumAggregation, SumState
from reduse.distro.http.attributes import DURATION_BOUNDS
from reduse.distro.messaging.place import PLACE_ATTRIBUTES, Place

SYSTEM = "rabbitmq"
ATTRIBUTES = ("messaging.operation.name", "messaging.system", *PLACE_ATTRIBUTES, "error.type")

PUBLISH, CONSUME, GET, PROCESS = "publish", "consume", "get", "process"
ACK, NACK, REJECT = "ack", "nack", "reject"

# `messaging.operation.type` of what a client does; only `messaging.client.operation.duration` has the attribute.
# `consume` is no operation of its own: messages are pushed, and the wait for one is not work.
OPERATION_TYPES = {PUBLISH: "send", GET: "receive", ACK: "settle", NACK: "settle", REJECT: "settle"}


@dataclass(frozen=True, slots=True)
class MessagingState:
    """All that was counted since `start`, nanoseconds of Unix time."""

    start: int
    sent: list[SumState]
    consumed: list[SumState]
    operations: list[HistogramState]
    process: list[HistogramState]


class MessagingAggregation:
    """`messaging.client.sent.messages`, `.consumed.messages`, `.operation.duration` and `messaging.process.duration`.

    `on_first` is called when the first message of the process is counted. `error` is the `error.type`: the class of
    an exception, or REJECTED or REQUEUED of a message whose processing ended so. Durations are in seconds.
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
        self._operations = HistogramAggregation(ATTRIBUTES, DURATION_BOUNDS)
        self._process = HistogramAggregation(ATTRIBUTES, DURATION_BOUNDS)

    def sent(self, place: Place, error: str | None, seconds: float) -> None:
        """A message was handed to the broker, or could not be: `error` tells why."""
        if self._start == 0:
            self._begin()
        key = (PUBLISH, SYSTEM, *place, error)
        with self._lock:
            self._sent.add(key, 1)
            self._operations.observe(key, seconds)

    def consumed(self, operation: str, place: Place) -> None:
        """A message was delivered to the application, by CONSUME or GET; once for each delivery."""
        if self._start == 0:
            self._begin()
        key = (operation, SYSTEM, *place, None)
        with self._lock:
            self._consumed.add(key, 1)

    def operated(self, operation: str, place: Place, error: str | None, seconds: float) -> None:
        """One of OPERATION_TYPES was done, or failed with `error`. PUBLISH is counted by `sent`."""
        if self._start == 0:
            self._begin()
        key = (operation, SYSTEM, *place, error)
        with self._lock:
            self._operations.observe(key, seconds)

    def processed(self, place: Place, error: str | None, seconds: float) -> None:
        """The application has worked on a message for `seconds`."""
        if self._start == 0:
            self._begin()
        key = (PROCESS, SYSTEM, *place, error)
        with self._lock:
            self._process.observe(key, seconds)

    def _begin(self) -> None:
        self._start = self._clock()
        self._on_first()

    def collect(self) -> MessagingState | None:
        """Everything since the first message; None when there was none."""
        if self._start == 0:
            return None
        with self._lock:
            operations = self._operations.states()
            return MessagingState(
                self._start,
                self._sent.states(),
                self._consumed.states(),
                [_typed(state) for state in operations],
                self._process.states(),
            )


def _typed(state: HistogramState) -> HistogramState:
    kind = OPERATION_TYPES.get(str(state.attributes.get("messaging.operation.name")))
    return replace(state, attributes=state.attributes | {"messaging.operation.type": kind}) if kind else state
