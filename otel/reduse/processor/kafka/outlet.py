"""What a worker writes: derived metrics, ticks, what is set apart. It arrives before an offset is committed."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from reduse.processor.core.engine import Emission
from reduse.processor.core.partial import Partial, pack_partials
from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.kafka.settings import KafkaSettings
from reduse.processor.otlp.encoding import encode

logger = logging.getLogger(__name__)

# Metrics joined into one record, of at most so many bytes where there is more than one.
JOIN_BYTES = 256 * 1024
# So many rows of partials in one record, of 24 bytes; and what a point of their metrics takes with its labels, in rows.
JOIN_ROWS = 20_000
_POINT_ROWS = 8
# More than any record of an agent's, which may come to be set apart as it is.
MESSAGE_BYTES = 16 * 2**20
# For how long room in the queue is waited for.
FULL_SECONDS = 60.0
# So much of what was set apart is remembered, so that what is met again is not counted again.
REMEMBERED = 256
# Of what is set apart, so much of the exception is written beside it.
ERROR_CHARACTERS = 500
# Sending it again would be of no use, and nothing else is wrong.
_REJECTED = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG})


class OutletError(Exception):
    """Kafka takes nothing from this worker."""


class Outlet:
    def __init__(
        self, settings: KafkaSettings, connection: dict[str, Any], instruments: Instruments, faults: Faults
    ) -> None:
        self._settings = settings
        self._instruments = instruments
        self._faults = faults
        self._failure: OutletError | None = None
        # What was set apart since the start, by kind.
        self.quarantined: Counter[str] = Counter()
        self._met: deque[bytes] = deque(maxlen=REMEMBERED)
        self._producer = Producer(
            connection
            | {
                "enable.idempotence": True,
                # Until it arrives: what the broker does not take now is asked about when an offset is to be committed.
                "message.timeout.ms": 0,
                "message.max.bytes": MESSAGE_BYTES,
                "compression.type": "lz4",
                "linger.ms": 5,
                "error_cb": lambda error: faults.meet(f"Kafka: {error.name()}", error.str()),
                "logger": logger,
            }
        )

    def send(self, place: str, emissions: Sequence[Emission]) -> None:
        """`place` is the instance that the metrics are of. Raises OutletError."""
        joined = bytearray()
        for emission in emissions:
            self._instruments.windows.add(1)
            try:
                body = encode(emission, place)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - a plug-in may have yielded anything
                key = f"{place}/{emission.service}/{emission.time}".encode()
                self.set_apart(key, repr(emission).encode(), "metrics", error)
                continue
            if joined and len(joined) + len(body) > JOIN_BYTES:
                self._send_metrics(place, bytes(joined))
                joined.clear()
            joined += body
        if joined:
            self._send_metrics(place, bytes(joined))

    def send_partials(self, partials: Sequence[Partial]) -> None:
        """Raises OutletError."""
        topic = self._settings.partials_topic
        for some in _joined(partials):
            # One service's partials go by one partition, whoever says them.
            service = some[0].emission.service.encode()
            self._produce(topic, pack_partials(some), service, lambda error, _: self._check(error, topic))

    def _send_metrics(self, place: str, body: bytes) -> None:
        # One place's metrics go by one partition: in order.
        self._produce(self._settings.metrics_topic, body, place.encode(), self._metrics_arrived)

    def tick(self, topic: str, partition: int, arrived: Callable[[], None]) -> None:
        """An empty record: that time passes is durable before it has an effect."""

        def told(error: KafkaError | None, _: Message) -> None:
            self._check(error, topic)
            arrived()

        self._produce(topic, b"", None, told, partition=partition)

    def set_apart(self, key: bytes, body: bytes, what: str, error: BaseException) -> None:
        """Keep it where somebody can look at it, and count it; what is met again is the same record there."""
        if key in self._met:
            return
        self._met.append(key)
        self.quarantined[what] += 1
        topic = self._settings.quarantine_topic
        if self._faults.meet(f"quarantined in {topic}: {what}", f"the first one has the key {key.decode()}"):
            logger.error("the reason of the first one", exc_info=error)
        headers = [("what", what.encode()), ("error", repr(error)[:ERROR_CHARACTERS].encode())]
        self._produce(topic, body[: MESSAGE_BYTES // 2], key, self._apart_arrived, headers=headers)

    def flush(self, seconds: float) -> bool:
        """Whether everything has arrived. Raises OutletError."""
        left = self._producer.flush(seconds)
        self.poll()
        return left == 0

    def poll(self) -> None:
        """Raises OutletError for what was written before and will never arrive."""
        self._producer.poll(0)
        if self._failure is not None:
            raise self._failure

    def _produce(self, topic: str, body: bytes, key: bytes | None, told: Callable[..., None], **more: Any) -> None:
        begun = time.monotonic()
        while True:
            try:
                self._producer.produce(topic, body, key, on_delivery=told, **more)
            except BufferError:
                if time.monotonic() - begun > FULL_SECONDS:
                    raise OutletError(f"nothing written to {topic} has arrived for {FULL_SECONDS:.0f} s") from None
                self._producer.poll(0.1)
            else:
                return

    def _metrics_arrived(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self._instruments.sent.add(1, {"outcome": "sent"})
        elif error.code() in _REJECTED:
            self._instruments.sent.add(1, {"outcome": "rejected"})
            self._faults.meet(f"{self._settings.metrics_topic} refused metrics permanently", error.str())
        else:
            self._check(error, self._settings.metrics_topic)

    def _apart_arrived(self, error: KafkaError | None, _: Message) -> None:
        # Whoever cannot keep what is wrong goes on with what is right.
        if error is not None:
            self._faults.meet(f"{self._settings.quarantine_topic} accepts nothing", error.str())

    def _check(self, error: KafkaError | None, topic: str) -> None:
        if error is not None:
            self._failure = OutletError(f"{topic}: {error.str()}: the worker needs the right to write to it")


def _joined(partials: Iterable[Partial]) -> Iterator[list[Partial]]:
    """As many in one as are of one service and not too large together, in order."""
    some: list[Partial] = []
    size = 0
    for partial in partials:
        contribution = partial.emission.contribution
        more = _POINT_ROWS * sum(len(metric.points) for metric in partial.emission.metrics)
        more += 0 if contribution is None else len(contribution.users)
        if some and (some[0].emission.service != partial.emission.service or size + more > JOIN_ROWS):
            yield some
            some, size = [], 0
        some.append(partial)
        size += more
    if some:
        yield some
