"""Where workers find what is moved: snapshots in the topics of states, and a commit of their group that says where."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from reduse.processor.faults import Faults
from reduse.processor.kafka import topics
from reduse.processor.kafka.answer import answer
from reduse.processor.kafka.outlet import MESSAGE_BYTES
from reduse.processor.kafka.settings import KafkaSettings
from reduse.processor.kafka.snapshot import Pointer
from reduse.processor.kafka.snapshots import Snapshots
from reduse.processor.kafka.stage import Stage

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 10.0
# A state of a gigabyte, and topics that were made a moment ago.
_WRITE_SECONDS = 300.0
# Payloads of metrics on their way.
_UNDER_WAY = 1000
_Found = TypeVar("_Found")
# By topic and partition.
Pointers = Mapping[tuple[str, int], Pointer]


class DestinationError(Exception):
    """Nothing is moved; one line that names the cure."""


@dataclass(frozen=True, slots=True)
class Partitions:
    exports: int
    partials: int


class Destination:
    def __init__(self, settings: KafkaSettings, connection: dict[str, Any]) -> None:
        self._settings = settings
        self._connection = connection | {"logger": logger, "error_cb": self._heard}
        self._fault = ""
        self._admin = AdminClient(self._connection)
        self._consumer = Consumer(self._connection | {"group.id": settings.group, "enable.auto.commit": False})
        self._snapshots = Snapshots(connection, settings.group, Faults(logger))

    def close(self) -> None:
        self._consumer.close()

    def _heard(self, error: KafkaError) -> None:
        self._fault = error.str()

    def partitions(self) -> Partitions:
        """How many there are, or will be. Raises DestinationError."""
        settings = self._settings
        try:
            there = self._admin.list_topics(timeout=_ANSWER_SECONDS).topics
        except KafkaException as error:
            self._admin.poll(0)
            why = self._fault or error.args[0].str()
            raise DestinationError(f"REDUSE_KAFKA_BROKERS={settings.brokers}: Kafka does not answer: {why}") from error
        missing = [name for name in (settings.exports_topic, settings.metrics_topic) if name not in there]
        if missing:
            raise DestinationError(
                f"Kafka has no topic {' and '.join(missing)}: create it, or set "
                "REDUSE_KAFKA_EXPORTS_TOPIC and REDUSE_KAFKA_METRICS_TOPIC"
            )
        exports = len(there[settings.exports_topic].partitions)
        partials = there.get(settings.partials_topic)
        return Partitions(exports, exports if partials is None else len(partials.partitions))

    def check_unused(self) -> None:
        """The group has no workers, and no state that this one would replace. Raises DestinationError."""
        group = self._settings.group
        members = self._asked(lambda: self._members(group))
        if members:
            raise DestinationError(
                f"REDUSE_KAFKA_GROUP={group}: the group has {members} workers: stop them, or use another group"
            )
        there = self._asked(lambda: self._admin.list_topics(timeout=_ANSWER_SECONDS).topics)
        places = [
            TopicPartition(topic, number)
            for topic in (self._settings.exports_topic, self._settings.partials_topic)
            if topic in there
            for number in there[topic].partitions
        ]
        committed = self._asked(lambda: self._consumer.committed(places, timeout=_ANSWER_SECONDS))
        if any(place.offset >= 0 for place in committed):
            raise DestinationError(
                f"REDUSE_KAFKA_GROUP={group} already has a state: continue with it, use another group, or "
                "delete its offsets (kafka-consumer-groups.sh --delete), and thus what it has counted"
            )

    def _members(self, group: str) -> int:
        """0 for a group that is not there. Raises KafkaException."""
        try:
            return len(self._admin.describe_consumer_groups([group])[group].result(_ANSWER_SECONDS).members)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return 0
            raise

    def make_topics(self) -> None:
        """Those that workers make. Raises DestinationError."""
        self._asked(lambda: topics.ensure(self._settings, self._connection, Faults(logger), threading.Event()))

    def begin_of(self, topic: str, number: int) -> int:
        """Offset of the first record that is there. Raises DestinationError."""
        return self._ends(topic, number)[0]

    def end_of(self, topic: str, number: int) -> int:
        """Offset of the record that comes next. Raises DestinationError."""
        return self._ends(topic, number)[1]

    def _ends(self, topic: str, number: int) -> tuple[int, int]:
        place = TopicPartition(topic, number)
        found: tuple[int, int] = self._asked(
            lambda: self._consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS)
        )
        return found

    def write(self, stage: Stage, number: int, offset: int, parts: Sequence[bytes | memoryview]) -> Pointer:
        """The state before the record at this offset; durable when it returns. Raises DestinationError."""
        try:
            writing = self._snapshots.write(stage.state_topic, number, offset, parts)
        except BufferError as error:
            raise DestinationError(f"the state of {stage.place(number)} is larger than a worker could write") from error
        self._snapshots.poll(_WRITE_SECONDS)
        if writing.pointer is None:
            why = "the broker does not take it" if writing.failure is None else writing.failure.str()
            raise DestinationError(f"{stage.state_topic}/{number} cannot be written: {why}")
        return writing.pointer

    def say(self, instance: str, bodies: Iterable[bytes]) -> None:
        """Metrics that the gateway does not have yet, in order; durable when it returns. Raises DestinationError."""
        topic, failures = self._settings.metrics_topic, list[KafkaError]()

        def told(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        producer = Producer(
            self._connection
            | {"enable.idempotence": True, "message.max.bytes": MESSAGE_BYTES, "compression.type": "lz4"}
        )
        for body in bodies:
            while len(producer) > _UNDER_WAY:
                producer.poll(0.1)
            producer.produce(topic, body, instance.encode(), on_delivery=told)
            producer.poll(0)
            if failures:
                break
        left = producer.flush(_WRITE_SECONDS)
        if failures or left:
            why = failures[0].str() if failures else "the broker does not take it"
            raise DestinationError(f"{topic} cannot be written: {why}")

    def commit(self, pointers: Pointers) -> None:
        """All in one: from here on workers find them. The brokers refuse it when there are some already.

        Raises DestinationError.
        """
        places = [
            TopicPartition(topic, number, pointer.offset, pointer.to_metadata())
            for (topic, number), pointer in pointers.items()
        ]
        try:
            answered = self._consumer.commit(offsets=places, asynchronous=False) or []
            refused = next((place.error for place in answered if place.error is not None), None)
        except KafkaException as error:
            refused = error.args[0]
        if refused is not None:
            raise DestinationError(
                f"REDUSE_KAFKA_GROUP={self._settings.group} does not accept the commit: {refused.str()}: "
                "stop its workers first"
            )

    def _asked(self, question: Callable[[], _Found]) -> _Found:
        """The answer. For a while nobody may have a group, or a topic, that was made a moment ago."""
        try:
            return answer(question, _ANSWER_SECONDS, may_pass=lambda _: True)
        except KafkaException as error:
            refused = error.args[0]
            raise DestinationError(f"Kafka refuses: {refused.name()} {refused.str()}") from error
        except TimeoutError as error:
            brokers = self._settings.brokers
            raise DestinationError(f"REDUSE_KAFKA_BROKERS={brokers}: Kafka does not answer") from error
