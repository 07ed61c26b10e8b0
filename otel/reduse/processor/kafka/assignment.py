"""A partition that this worker has: its state, and how far others know of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from reduse.processor.core.packing import DamagedError, unpack
from reduse.processor.core.snapshot_rule import SnapshotRule
from reduse.processor.kafka.answer import ASK_SECONDS, answer, unless_stopped
from reduse.processor.kafka.partition import Apart, Partition
from reduse.processor.kafka.snapshot import Pointer, from_metadata
from reduse.processor.kafka.snapshots import MissingSnapshotError, Snapshots, Writing
from reduse.processor.kafka.stage import Stage

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 30.0
# Of a partition: its topic and number.
Key = tuple[str, int]
# What a point takes in the log of the processor that has a server: so many of them are counted again in the same time.
POINT_BYTES = 16


@dataclass(slots=True)
class Assigned:
    stage: Stage
    number: int
    partition: Partition
    # The newest durable snapshot, and what was committed with it last: (offset, snapshot).
    pointer: Pointer
    committed: tuple[int, Pointer] | None
    # Samples of records before this offset have arrived: they are counted again and not said again.
    said_through: int
    apart: Apart
    # Seconds of the monotonic clock: the last record, the last tick that was written, the last snapshot.
    heard: float
    tick_written: float
    snapshot: float
    tick_under_way: bool = False
    writing: Writing | None = None
    # The points since the last snapshot; besides it has a longest age.
    rule: SnapshotRule = field(default_factory=SnapshotRule)
    lost: int = 0

    def __post_init__(self) -> None:
        self.rule.replaced(self.pointer.size)

    @property
    def place(self) -> str:
        return self.stage.place(self.number)

    @property
    def key(self) -> Key:
        return self.stage.topic, self.number

    @property
    def caught_up(self) -> bool:
        return self.partition.next >= self.said_through

    @property
    def done(self) -> tuple[int, Pointer]:
        """What is to be committed."""
        return max(self.partition.next, self.said_through), self.pointer

    def snapshot_due(self, now: float, interval: float) -> bool:
        """`now` of the monotonic clock, `interval` in seconds."""
        if self.writing is not None or not self.caught_up or self.partition.next <= self.pointer.offset:
            return False
        return self.rule.is_due() or now - self.snapshot >= interval

    def tick_due(self, now: float, soon: float, silence: float) -> bool:
        """`soon` (s) after the last record while something came since the last tick, else after `silence`."""
        if self.tick_under_way or not self.caught_up or not self.partition.waits:
            return False
        return now - max(self.heard, self.tick_written) >= (soon if self.partition.unticked else silence)


@dataclass(slots=True)
class Restorer:
    """Makes partitions from what was committed."""

    snapshots: Snapshots
    consumer: Consumer
    stop: Event
    # Partitions whose state could not be read since the start.
    damaged: int = field(default=0)

    def assigned(self, stage: Stage, number: int, now: float) -> Assigned:
        """`now` of the monotonic clock.

        Raises KafkaException, TimeoutError: when the brokers do not answer, and at once when told to stop meanwhile.
        """
        place, may_pass = TopicPartition(stage.topic, number), unless_stopped(self.stop)
        (committed,) = answer(lambda: self.consumer.committed([place], ASK_SECONDS), _ANSWER_SECONDS, may_pass)
        low, high = answer(lambda: self.consumer.get_watermark_offsets(place, ASK_SECONDS), _ANSWER_SECONDS, may_pass)
        offset = committed.offset if committed.offset >= 0 else low
        pointer, known = self._pointer(stage.place(number), offset, committed.metadata)
        apart = Apart()
        partition, pointer = self.partition(stage, number, pointer, apart)
        lost = _within(stage.place(number), partition, low, high)
        if lost:
            pointer = Pointer(partition.next) if not pointer.pieces else pointer
        said_through = max(offset, partition.next) if offset <= high else partition.next
        return Assigned(
            stage,
            number,
            partition,
            pointer,
            (offset, pointer) if known else None,
            said_through,
            apart,
            heard=now,
            tick_written=now,
            snapshot=now,
            lost=lost,
        )

    def partition(self, stage: Stage, number: int, pointer: Pointer, apart: Apart) -> tuple[Partition, Pointer]:
        """As it was at the snapshot; an empty one, and so it says, when that cannot be read."""
        if pointer.pieces:
            partition = stage.new_partition(number, pointer.offset, apart)
            try:
                partition.load(unpack(self.snapshots.read(stage.state_topic, number, pointer, self.stop)))
            except (MissingSnapshotError, DamagedError, ValueError, KeyError):
                self.damaged += 1
                logger.exception("the state of %s cannot be read: it starts with an empty one", stage.place(number))
                pointer = Pointer(pointer.offset)
            else:
                return partition, pointer
        return stage.new_partition(number, pointer.offset, apart), pointer

    def _pointer(self, place: str, offset: int, metadata: Any) -> tuple[Pointer, bool]:
        """And whether it was committed."""
        try:
            found = from_metadata(metadata)
        except ValueError:
            self.damaged += 1
            logger.exception("the state of %s cannot be found: it starts with an empty one", place)
            found = None
        if found is None:
            logger.warning("%s begins with an empty state, at %d", place, offset)
            return Pointer(offset), False
        return found, True


def _within(place: str, partition: Partition, low: int, high: int) -> int:
    """Go on with what the topic has; how many records were deleted before they were counted."""
    if partition.next > high:
        logger.error("%s ends at %d, before the state: the topic was created anew", place, high)
        partition.next = low
        return 0
    lost = max(low - partition.next, 0)
    if lost:
        logger.error(
            "%d records of %s were deleted before they were counted: raise the retention of the topic", lost, place
        )
        partition.next = low
    return lost
