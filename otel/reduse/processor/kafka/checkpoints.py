"""How far this worker is, made known to the group: snapshots, and commits of where they are."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from reduse.processor.core.packing import pack_in_parts
from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.kafka.assignment import Assigned, Key
from reduse.processor.kafka.instruments import KafkaInstruments
from reduse.processor.kafka.outlet import Outlet
from reduse.processor.kafka.snapshot import Pointer
from reduse.processor.kafka.snapshots import Snapshots

logger = logging.getLogger(__name__)

# How long the broker has to take what is under way, and when partitions are given back.
FLUSH_SECONDS = 5.0
LEAVE_SECONDS = 8.0

# The offset that is to be committed, and the snapshot.
_Done = Mapping[Key, tuple[int, Pointer]]


class Checkpoints:
    def __init__(
        self,
        consumer: Consumer,
        snapshots: Snapshots,
        outlet: Outlet,
        instruments: Instruments,
        kafka_instruments: KafkaInstruments,
        faults: Faults,
        before_snapshot: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_snapshot`: records before it are not taken again: what came of them elsewhere is to be durable."""
        self._consumer = consumer
        self._snapshots = snapshots
        self._outlet = outlet
        self._instruments = instruments
        self._kafka = kafka_instruments
        self._faults = faults
        self._before_snapshot = before_snapshot
        # What an answer is awaited for.
        self._committing: _Done | None = None

    def begin_snapshot(self, assigned: Assigned, now: float) -> None:
        """`now` of the monotonic clock, in seconds. It is durable later, which `end_snapshot` sees."""
        begun = time.monotonic()
        assigned.snapshot = now
        self._before_snapshot()
        try:
            parts = pack_in_parts(assigned.partition.dump())
            assigned.writing = self._snapshots.write(
                assigned.stage.state_topic, assigned.number, assigned.partition.next, parts
            )
        except BufferError:
            assigned.rule.put_off()
            self._faults.meet(
                "no snapshot could be written", "too many records wait to be written to the topic of states"
            )
        except Exception:  # the records have it all, and the next state may be without the defect
            assigned.rule.put_off()
            logger.exception("no snapshot of %s", assigned.place)
        self._instruments.checkpoint.record(time.monotonic() - begun)

    def end_snapshot(self, assigned: Assigned) -> None:
        writing = assigned.writing
        if writing is None:
            return
        if writing.failure is not None:
            self._faults.meet("no snapshot could be written", writing.failure.str())
            assigned.writing = None
            assigned.rule.put_off()
        elif (pointer := writing.pointer) is not None:
            assigned.pointer, assigned.writing = pointer, None
            assigned.rule.replaced(pointer.size)
            assigned.apart.forget(pointer.offset)

    def leave_behind(self, assigned: Assigned) -> None:
        """With a snapshot what was set apart is not met again, however many there are of it."""
        self.begin_snapshot(assigned, time.monotonic())
        self._snapshots.poll(FLUSH_SECONDS)
        self.end_snapshot(assigned)

    def commit(self, assigned: Iterable[Assigned]) -> None:
        """Of all that has arrived. Raises OutletError."""
        wanted = _uncommitted(assigned)
        if not wanted or self._committing is not None:
            return
        begun = time.monotonic()
        if not self._outlet.flush(FLUSH_SECONDS):
            self._faults.meet("written records do not arrive", "the broker cannot be reached, or its disk is full")
            return
        self._instruments.commit.record(time.monotonic() - begun)
        self._committing = wanted
        try:
            self._consumer.commit(offsets=self._places(wanted), asynchronous=True)
        except KafkaException as error:
            self._committing = None
            self._failed(error.args[0])

    def answered(
        self, error: KafkaError | None, places: Iterable[TopicPartition], assigned: Mapping[Key, Assigned]
    ) -> None:
        """The answer to a commit."""
        wanted, self._committing = self._committing or {}, None
        self._settle(wanted, error, places, assigned)

    def leave(self, leaving: Mapping[Key, Assigned]) -> None:
        """Make known what was done of partitions that are given back. Raises KafkaException, OutletError."""
        for assigned in leaving.values():
            if assigned.caught_up and assigned.partition.next > assigned.pointer.offset and assigned.writing is None:
                self.begin_snapshot(assigned, time.monotonic())
        self._snapshots.poll(LEAVE_SECONDS)
        for assigned in leaving.values():
            self.end_snapshot(assigned)
        wanted = _uncommitted(leaving.values())
        if wanted and self._outlet.flush(LEAVE_SECONDS):
            places = self._consumer.commit(offsets=self._places(wanted), asynchronous=False)
            self._settle(wanted, None, places or [], leaving)

    def lost(self) -> None:
        """Nobody answers for the partitions that this worker had."""
        self._committing = None

    @staticmethod
    def _places(wanted: _Done) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number, offset, pointer.to_metadata())
            for (topic, number), (offset, pointer) in wanted.items()
        ]

    def _settle(
        self,
        wanted: _Done,
        error: KafkaError | None,
        places: Iterable[TopicPartition],
        assigned: Mapping[Key, Assigned],
    ) -> None:
        refused = error or next((place.error for place in places if place.error is not None), None)
        if refused is not None:
            self._failed(refused)
            return
        for key, done in wanted.items():
            each = assigned.get(key)
            if each is None:
                continue
            before, each.committed = each.committed, done
            # Only now is the snapshot before it of no use to anybody.
            if done[1].pieces and (before is None or before[1] != done[1]):
                self._snapshots.trim(each.stage.state_topic, each.number, done[1].first)

    def _failed(self, error: KafkaError) -> None:
        self._kafka.failed_commits.add(1)
        self._faults.meet(f"the group accepts no commit: {error.name()}", error.str())


def _uncommitted(assigned: Iterable[Assigned]) -> _Done:
    return {each.key: each.done for each in assigned if each.done != each.committed}
