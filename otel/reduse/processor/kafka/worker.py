"""The loop of one worker: takes records of its partitions, of both stages, writes what follows, makes known how far it
is.

Of each partition the state is a function of its records. What is committed, in one with the offset, is where a snapshot
is: whoever gets the partition loads it, takes the records after it once more, and says nothing anew that had arrived.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from reduse.processor.core.units import NANOSECONDS
from reduse.processor.faults import Faults
from reduse.processor.history.history import History
from reduse.processor.instruments import Instruments
from reduse.processor.kafka.accounting import RecordAccounting
from reduse.processor.kafka.assignment import POINT_BYTES, Assigned, Key, Restorer
from reduse.processor.kafka.checkpoints import LEAVE_SECONDS, Checkpoints
from reduse.processor.kafka.exports_partition import ExportsPartition
from reduse.processor.kafka.instruments import KafkaInstruments, KafkaStatus
from reduse.processor.kafka.outlet import Outlet, OutletError
from reduse.processor.kafka.partials_partition import PartialsPartition
from reduse.processor.kafka.partition import DefectError
from reduse.processor.kafka.record import Record
from reduse.processor.kafka.settings import KafkaSettings
from reduse.processor.kafka.snapshots import Snapshots
from reduse.processor.kafka.stage import Stage
from reduse.processor.status import status_of

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
# However many records come, what else there is to do is looked at no more often.
LOOK_SECONDS = 0.02
# A tick is written after so long without a record: while something waits to be looked at, and while nothing does.
SOON_SECONDS = 0.1
SILENCE_SECONDS = 1.0
PUBLISH_SECONDS = 1.0
_MILLISECOND = NANOSECONDS // 1000


class WorkerError(Exception):
    """The worker cannot go on; one line that names the cure."""


class Worker:
    def __init__(
        self,
        settings: KafkaSettings,
        connection: dict[str, Any],
        stages: Sequence[Stage],
        instruments: Instruments,
        kafka_instruments: KafkaInstruments,
        faults: Faults,
        stop: threading.Event,
        history: History | None = None,
    ) -> None:
        """Works until `stop` is set."""
        self._settings = settings
        self._stop = stop
        self._stages = {stage.topic: stage for stage in stages}
        self._instruments = instruments
        self._kafka = kafka_instruments
        self._faults = faults
        self._accounting = RecordAccounting(instruments, kafka_instruments, faults)
        self._outlet = Outlet(settings, connection, instruments, faults)
        self._snapshots = Snapshots(connection, settings.group, faults)
        self._consumer = Consumer(
            connection
            | {
                "group.id": settings.group,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": round(settings.session_timeout_seconds * 1000),
                "heartbeat.interval.ms": round(settings.session_timeout_seconds * 1000 / 4),
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 32 * 1024,
                "error_cb": self._on_error,
                "on_commit": self._on_commit,
                "logger": logger,
            }
        )
        self._restorer = Restorer(self._snapshots, self._consumer, stop)
        self._checkpoints = Checkpoints(
            self._consumer,
            self._snapshots,
            self._outlet,
            instruments,
            kafka_instruments,
            faults,
            before_snapshot=history.sync if history is not None else lambda: None,
        )
        self._history = history
        self._assigned: dict[Key, Assigned] = {}
        self._next_look = self._next_commit = self._next_publish = 0.0
        self._failed = False
        self.joined = False

    def run(self) -> None:
        """Until told to stop; then all that was done is known to the group.

        Raises WorkerError, OutletError, KafkaException, TimeoutError.
        """
        try:
            self._consumer.subscribe(
                list(self._stages),
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
            while not self._stop.is_set():
                message = self._consumer.poll(POLL_SECONDS)
                if message is not None:
                    self._meet(message)
                now = self._kafka.turned = time.monotonic()
                if now >= self._next_look:
                    self._next_look = now + LOOK_SECONDS
                    self._look_around(now)
        except BaseException as error:
            # What is half done is not to be made known.
            self._failed = True
            if not (self._stop.is_set() and isinstance(error, KafkaException | TimeoutError)):
                raise
            logger.warning("the brokers did not answer before it was told to stop: %s", error)
        finally:
            # Gives the partitions back, which makes known what was done.
            self._consumer.close()
        self._outlet.flush(LEAVE_SECONDS)

    # What comes.

    def _meet(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if error.fatal():
                raise KafkaException(error)
            self._faults.meet(f"reading {message.topic()} fails: {error.name()}", error.str())
            return
        number, offset = message.partition(), message.offset()
        assigned = self._assigned.get((message.topic() or "", -1 if number is None else number))
        if assigned is None or offset is None or offset < assigned.partition.next:
            return
        kind, milliseconds = message.timestamp()
        if kind != TIMESTAMP_LOG_APPEND_TIME:
            raise WorkerError(
                f"{assigned.stage.topic} has the timestamps of its senders: set "
                "message.timestamp.type=LogAppendTime, or late records are deleted at once"
            )
        self._miss(assigned, offset)
        assigned.heard = time.monotonic()
        self._take(assigned, Record(offset, milliseconds * _MILLISECOND, message.value() or b"", message.key() or b""))

    def _miss(self, assigned: Assigned, offset: int) -> None:
        missing = offset - assigned.partition.next
        if missing:
            self._kafka.lost.add(missing)
            self._faults.meet(
                f"records of {assigned.stage.topic} were deleted before they were counted",
                "raise the retention of the topic, or run more workers",
                missing,
            )

    def _take(self, assigned: Assigned, record: Record) -> None:
        said = record.offset < assigned.said_through
        try:
            step = assigned.partition.take(record)
        except DefectError as error:
            self._set_apart(assigned, error)
            return
        self._kafka.records.add(1)
        assigned.rule.logged(step.points * POINT_BYTES)
        if (step.apart or step.anew) and assigned.caught_up:
            self._checkpoints.leave_behind(assigned)
        if self._history is not None and step.partials:
            # Also what was said before: of the windows after a snapshot it may have been another worker that kept them.
            self._history.source(assigned.place)([partial.emission for partial in step.partials])
        if said:
            self._kafka.replayed.add(1)
            return
        self._accounting.count(step)
        if step.malformed is not None:
            self._outlet.set_apart(_key(assigned, record), record.body, "record", step.malformed)
        self._outlet.send_partials(step.partials)
        self._outlet.send(assigned.place, step.emissions)

    def _set_apart(self, assigned: Assigned, error: DefectError) -> None:
        """The partition is made anew from its snapshot, without what made the core raise."""
        if assigned.apart.full:
            raise WorkerError(
                f"too many records triggered a defect, so the cause is not in the records: {error.__cause__!r}"
            )
        error.set_apart(assigned.apart)
        what = "request" if error.service is None else "service"
        self._outlet.set_apart(_key(assigned, error.record), error.record.body, what, error.__cause__ or error)
        if error.service is None and error.record.offset >= assigned.said_through:
            self._accounting.defect(error.points)
        assigned.said_through = max(assigned.said_through, error.record.offset)
        assigned.partition, assigned.pointer = self._restorer.partition(
            assigned.stage, assigned.number, assigned.pointer, assigned.apart
        )
        assigned.writing = None
        place = TopicPartition(assigned.stage.topic, assigned.number, assigned.partition.next)
        self._consumer.seek(place)

    # What time asks for.

    def _look_around(self, now: float) -> None:
        self._outlet.poll()
        self._snapshots.poll()
        for assigned in self._assigned.values():
            if assigned.tick_due(now, SOON_SECONDS, SILENCE_SECONDS):
                self._tick(assigned, now)
            if assigned.snapshot_due(now, self._settings.snapshot_interval_seconds):
                self._checkpoints.begin_snapshot(assigned, now)
            self._checkpoints.end_snapshot(assigned)
        if now >= self._next_commit:
            self._next_commit = now + self._settings.commit_interval_seconds
            self._checkpoints.commit(self._assigned.values())
        if now >= self._next_publish:
            self._next_publish = now + PUBLISH_SECONDS
            self._publish()
            self._faults.look()

    def _tick(self, assigned: Assigned, now: float) -> None:
        def arrived() -> None:
            assigned.tick_under_way = False

        assigned.tick_under_way, assigned.tick_written = True, now
        self._outlet.tick(assigned.stage.topic, assigned.number, arrived)

    # Partitions come and go.

    def _on_assign(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        self.joined = True
        if not places:
            return
        self._kafka.rebalances.add(1)
        begins = []
        for place in places:
            try:
                assigned = self._restorer.assigned(self._stages[place.topic], place.partition, time.monotonic())
            except (KafkaException, TimeoutError):
                if self._stop.is_set():
                    # The group gives to others what this worker has not begun with.
                    return
                raise
            self._kafka.lost.add(assigned.lost)
            self._assigned[assigned.key] = assigned
            begins.append(TopicPartition(place.topic, place.partition, assigned.partition.next))
        consumer.incremental_assign(begins)
        logger.info("assigned: %s", _places(self._assigned))

    def _on_revoke(self, _: Consumer, places: list[TopicPartition]) -> None:
        """Another worker gets them, or this one ends: what was done is made known, as far as it can be now."""
        if not places:
            return
        self._kafka.rebalances.add(1)
        keys = [(place.topic, place.partition) for place in places]
        leaving = {key: self._assigned[key] for key in keys if key in self._assigned}
        try:
            if not self._failed:
                self._checkpoints.leave(leaving)
        except (KafkaException, OutletError) as error:
            # Whoever gets them takes more records once more.
            self._faults.meet("partitions were given back without a commit", str(error))
        finally:
            for key in leaving:
                del self._assigned[key]
        logger.info("gives back %s, keeps %s", _places(leaving), _places(self._assigned))

    def _on_lost(self, _: Consumer, places: list[TopicPartition]) -> None:
        """The group has given them to others already; what is on its way are the same samples."""
        self._kafka.rebalances.add(1)
        for place in places:
            self._assigned.pop((place.topic, place.partition), None)
        self._checkpoints.lost()
        self.joined = False
        self._faults.meet("partitions were lost", "this worker sent no heartbeat for the session timeout of the group")

    def _on_commit(self, error: KafkaError | None, places: list[TopicPartition]) -> None:
        self._checkpoints.answered(error, places, self._assigned)

    def _on_error(self, error: KafkaError) -> None:
        self._faults.meet(f"Kafka: {error.name()}", error.str())

    def _publish(self) -> None:
        partitions = [each.partition for each in self._assigned.values()]
        shards = [partition.shard.engine for partition in partitions if isinstance(partition, ExportsPartition)]
        joins = [partition for partition in partitions if isinstance(partition, PartialsPartition)]
        self._instruments.status = status_of(
            shards,
            time.time_ns(),
            state_bytes=sum(each.pointer.size for each in self._assigned.values()),
            quarantined=self._outlet.quarantined,
            damaged=self._restorer.damaged,
            other_failures=[joined.failures for joined in joins],
        )
        lag = {key: self._lag(each) for key, each in self._assigned.items()}
        self._kafka.status = KafkaStatus(lag, len(partitions), sum(joined.waiting for joined in joins))

    def _lag(self, assigned: Assigned) -> int:
        place = TopicPartition(assigned.stage.topic, assigned.number)
        high = self._consumer.get_watermark_offsets(place, cached=True)[1]
        return max(high - assigned.partition.next, 0)


def _key(assigned: Assigned, record: Record) -> bytes:
    return f"{assigned.place}/{record.offset}".encode()


def _places(partitions: Mapping[Key, Assigned]) -> str:
    found: dict[str, list[str]] = {}
    for topic, number in sorted(partitions):
        found.setdefault(topic, []).append(str(number))
    return "; ".join(f"{topic} {','.join(numbers)}" for topic, numbers in found.items()) or "no partition"
