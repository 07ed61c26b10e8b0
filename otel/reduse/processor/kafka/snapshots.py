"""Snapshots in topics of states: a partition's are in the partition of the same number."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Event
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from reduse.processor.faults import Faults
from reduse.processor.kafka.answer import ASK_SECONDS, answer, unless_stopped
from reduse.processor.kafka.snapshot import Collected, Pointer, cut, key_of

logger = logging.getLogger(__name__)

READ_SECONDS = 120.0
_ANSWER_SECONDS = 30.0
# Room for a state that is on its way.
_QUEUE_KILOBYTES = 1_000_000


class MissingSnapshotError(Exception):
    """Some of its pieces are not in the topic any more."""


class Writing:
    """A snapshot on its way."""

    def __init__(self, offset: int, identity: str) -> None:
        self._offset = offset
        self.identity = identity
        self._pieces = self._arrived = self._size = 0
        self._first: int | None = None
        self.failure: KafkaError | None = None

    def count(self, size: int) -> None:
        self._pieces += 1
        self._size += size

    def arrived(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failure = error
            return
        self._arrived += 1
        offset = message.offset() or 0
        self._first = offset if self._first is None else min(self._first, offset)

    @property
    def pointer(self) -> Pointer | None:
        """None until all of it is durable."""
        if self._first is None or self._arrived < self._pieces or self.failure is not None:
            return None
        return Pointer(self._offset, self.identity, self._first, self._pieces, self._size)


class Snapshots:
    def __init__(self, connection: dict[str, Any], group: str, faults: Faults) -> None:
        """`group`: the one whose name this worker may use. Nothing is committed in it from here."""
        self._faults = faults
        self._group = group
        self._connection = connection | {"logger": logger}
        own = {
            "enable.idempotence": True,
            "message.timeout.ms": 0,
            "compression.type": "lz4",
            "queue.buffering.max.kbytes": _QUEUE_KILOBYTES,
        }
        self._producer = Producer(self._connection | own)
        self._admin = AdminClient(self._connection)
        self._trimmed: list[Future[Any]] = []

    def write(self, topic: str, partition: int, offset: int, parts: Sequence[bytes | memoryview]) -> Writing:
        """Begin to write the state after all records before `offset`. Raises BufferError when there is no room."""
        writing = Writing(offset, uuid.uuid4().hex)
        for number, piece in enumerate(cut(parts)):
            writing.count(len(piece))
            key = key_of(writing.identity, number)
            self._producer.produce(topic, piece, key, partition=partition, on_delivery=writing.arrived)
        return writing

    def poll(self, seconds: float = 0) -> None:
        """See what has arrived; with `seconds`, wait for all of it."""
        if seconds:
            self._producer.flush(seconds)
        else:
            self._producer.poll(0)

    def read(self, topic: str, partition: int, pointer: Pointer, stop: Event) -> bytes:
        """Raises MissingSnapshotError; TimeoutError, KafkaException, also when told to stop meanwhile."""
        collected = Collected(pointer)
        place = TopicPartition(topic, partition, pointer.first)
        consumer = Consumer(
            self._connection
            | {"group.id": self._group, "enable.auto.commit": False, "enable.partition.eof": True}
            | {"auto.offset.reset": "error", "fetch.wait.max.ms": 50}
        )
        try:
            low, high = answer(
                lambda: consumer.get_watermark_offsets(place, ASK_SECONDS), _ANSWER_SECONDS, unless_stopped(stop)
            )
            if not low <= pointer.first < high:
                raise MissingSnapshotError(f"{topic}/{partition} has {low} to {high}, not {pointer.first}")
            consumer.assign([place])
            deadline = time.monotonic() + READ_SECONDS
            while not collected.complete:
                if time.monotonic() > deadline or stop.is_set():
                    raise TimeoutError(f"a snapshot in {topic}/{partition} could not be read")
                self._collect(consumer.poll(ASK_SECONDS), collected)
        finally:
            consumer.close()
        return collected.join()

    def _collect(self, message: Message | None, collected: Collected) -> None:
        if message is None:
            return
        error = message.error()
        if error is None:
            collected.add(message.key(), message.value() or b"")
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - so it is named
            raise MissingSnapshotError("the topic ends before a snapshot's last piece")
        elif not error.retriable():
            raise KafkaException(error)

    def trim(self, topic: str, partition: int, before: int) -> None:
        """Older snapshots are of no use to anybody any more. What cannot be deleted now goes with the next."""
        for future in self._trimmed:
            if future.done() and (error := future.exception()) is not None:
                self._faults.meet(
                    "old snapshots cannot be deleted", f"they take disk space until they are deleted: {error}"
                )
        self._trimmed = [future for future in self._trimmed if not future.done()]
        place = TopicPartition(topic, partition, before)
        self._trimmed += self._admin.delete_records([place]).values()
