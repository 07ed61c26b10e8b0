"""Counts and durations of messages and of what a client does with them.

Source: OpenTelemetry semantic conventions, "Messaging metrics" and "RabbitMQ".
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from reduse.distro.base.aggregation import (
    AttributeValue,
    HistogramAggregation,
    HistogramState,
    Key,
    SumAggregation,
    SumState,
    attributes_of,
)
from reduse.distro.base.harmless import harmless
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.sources.messaging.place import PLACE_ATTRIBUTES, Place

SYSTEM = "rabbitmq"
ATTRIBUTES = ("messaging.operation.name", "messaging.system", *PLACE_ATTRIBUTES, "error.type")

PUBLISH, CONSUME, GET, PROCESS = "publish", "consume", "get", "process"
ACK, NACK, REJECT = "ack", "nack", "reject"

# `messaging.operation.type` of what a client does; only `messaging.client.operation.duration` has the attribute.
# `consume` is no operation of its own: messages are pushed, and the wait for one is not work.
OPERATION_TYPES = {PUBLISH: "send", GET: "receive", ACK: "settle", NACK: "settle", REJECT: "settle"}


@dataclass(frozen=True, slots=True)
class MessagingState:
    """All that was counted since the first message."""

    sent: list[SumState]
    consumed: list[SumState]
    operations: list[HistogramState]
    process: list[HistogramState]


class MessagingAggregation:
    """`messaging.client.sent.messages`, `.consumed.messages`, `.operation.duration` and `messaging.process.duration`.

    `on_first` is called when the first message of the process is counted. `error` is the `error.type`: the class of
    an exception, or REJECTED or REQUEUED of a message whose processing ended so. Durations are in seconds. Counting
    never fails: the message has been sent or taken.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self.reset()

    def reset(self) -> None:
        """Start from nothing with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._began = False
        self._sent = SumAggregation(ATTRIBUTES)
        self._consumed = SumAggregation(ATTRIBUTES)
        self._operations = HistogramAggregation(ATTRIBUTES, DURATION_BOUNDS, describe=_typed)
        self._process = HistogramAggregation(ATTRIBUTES, DURATION_BOUNDS)

    @harmless
    def sent(self, place: Place, error: str | None, seconds: float) -> None:
        """A message was handed to the broker, or could not be: `error` tells why."""
        if not self._began:
            self._begin()
        key = (PUBLISH, SYSTEM, *place, error)
        with self._lock:
            self._sent.add(key, 1)
            self._operations.observe(key, seconds)

    @harmless
    def consumed(self, operation: str, place: Place) -> None:
        """A message was delivered to the application, by CONSUME or GET; once for each delivery."""
        if not self._began:
            self._begin()
        key = (operation, SYSTEM, *place, None)
        with self._lock:
            self._consumed.add(key, 1)

    @harmless
    def operated(self, operation: str, place: Place, error: str | None, seconds: float) -> None:
        """One of OPERATION_TYPES was done, or failed with `error`. PUBLISH is counted by `sent`."""
        if not self._began:
            self._begin()
        key = (operation, SYSTEM, *place, error)
        with self._lock:
            self._operations.observe(key, seconds)

    @harmless
    def processed(self, place: Place, error: str | None, seconds: float) -> None:
        """The application has worked on a message for `seconds`."""
        if not self._began:
            self._begin()
        key = (PROCESS, SYSTEM, *place, error)
        with self._lock:
            self._process.observe(key, seconds)

    def _begin(self) -> None:
        self._began = True
        self._on_first()

    def collect(self, previous: int) -> MessagingState | None:
        """Everything since the first message; None when there was none. `previous`: when the last collection was."""
        if not self._began:
            return None
        with self._lock:
            return MessagingState(
                self._sent.states(previous),
                self._consumed.states(previous),
                self._operations.states(previous),
                self._process.states(previous),
            )


def _typed(names: tuple[str, ...], key: Key) -> dict[str, AttributeValue]:
    attributes = attributes_of(names, key)
    kind = OPERATION_TYPES.get(str(attributes.get("messaging.operation.name")))
    return attributes | {"messaging.operation.type": kind} if kind else attributes
