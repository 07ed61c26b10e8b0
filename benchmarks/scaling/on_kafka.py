"""A worker on topics of its own, on a real broker: sent records, read for what it says, asked what it has cost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from benchmarks.distro.cpu import cpu_nanoseconds, pin
from benchmarks.processor.traffic import SERVICE, Second
from benchmarks.scaling.said import Said
from reduse.processor.kafka.snapshot import from_metadata
from reduse.stack.kafka import server
from reduse.wire import ShardNumber, shard_key
from tests.kafka import Broker
from tests.processor.kafka.cluster import Cluster
from tests.waiting import wait_until

STARTS = 3
ARRIVAL_SECONDS = 90.0
_ANSWER_SECONDS = 20.0
# Of records on their way to the broker: beyond it we wait.
_QUEUE_KILOBYTES = 64 * 1024
_KIB = 1024


@dataclass(frozen=True)
class Spent:
    """Nanoseconds of CPU since its start, and of resident memory bytes."""

    worker: int
    broker: int
    resident: int


class OnKafka:
    """`core` is where the worker runs; the broker, its client and the reader stay where they are."""

    def __init__(self, broker: Broker, folder: Path, partitions: int, core: int | None) -> None:
        self._broker = broker
        self._core = core
        self._cluster = Cluster(broker, folder, partitions)
        self._stack = ExitStack()
        self._sent = 0
        self._failed: KafkaError | None = None
        # When the broker had the last record of each (Unix ms), by what the sender calls it.
        self.appended: dict[tuple[int, int], int] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._producer = Producer(
                self._broker.client()
                | {"acks": "all", "linger.ms": 0, "queue.buffering.max.kbytes": _QUEUE_KILOBYTES}
                | {"message.max.bytes": 16 * 2**20, "compression.type": "lz4", "log_level": 0}
            )
            self._said = stack.enter_context(
                Said(self._broker.client(), self._cluster.metrics, self._cluster.partitions)
            )
            self._stack = stack.pop_all()
        # From here on who leaves the block ends what is on the stack.
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        """Start a worker, and return when it has its partitions; again if it ends, as its supervisor does.

        Raises:
            RuntimeError: it ended each time.
        """
        for _ in range(STARTS):
            self._worker = self._stack.enter_context(self._cluster.beginning())
            if self._core is not None:
                pin(self._worker.process.pid, self._core)
            wait_until(lambda: self._ended or self._has_partitions(), "the worker's start")
            if not self._ended:
                return
        raise RuntimeError(f"the worker ends: {self._worker.log.read_text(errors='replace')[-2000:]}")

    @property
    def _ended(self) -> bool:
        return not self._worker.process.alive

    def _has_partitions(self) -> bool:
        """With their state: it is ready before it has read that."""
        try:
            return self._worker.answers("/readyz") and self._worker.metric("reduse_processor_kafka_partitions") > 0
        except (AssertionError, OSError):
            # It has ended meanwhile.
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        # Its clients would go on looking for a broker that may end before they do.
        del self._producer, self._cluster

    @property
    def spent(self) -> Spent:
        worker = self._worker.process.pid
        return Spent(cpu_nanoseconds(worker), cpu_nanoseconds(self._broker.pid), _resident(worker))

    @property
    def arrived(self) -> dict[int, int]:
        """By time of the metrics (Unix ns): when the broker had them (Unix ms)."""
        return self._said.arrived

    def send(self, second: Second, bodies: slice = slice(None), name: tuple[int, int] | None = None) -> None:
        """Records of a second, or some of them, keyed as agents do it; a shard's partition has the same number."""
        for shard, body in zip(second.shards[bodies], second.bodies[bodies], strict=True):
            self._put(shard, body, name)

    def _put(self, shard: ShardNumber, body: bytes, name: tuple[int, int] | None) -> None:
        def told(error: KafkaError | None, record: Message) -> None:
            self._failed = error or self._failed
            if name is not None and error is None:
                self.appended[name] = max(self.appended.get(name, 0), record.timestamp()[1])

        key = shard_key("", SERVICE, *shard)
        while True:
            try:
                self._producer.produce(self._cluster.exports, body, key, shard.number, told)
            except BufferError:
                self._said.poll()
                self._producer.poll(0.05)
            else:
                self._producer.poll(0)
                return

    def poll(self) -> None:
        """Take what has been said meanwhile. RuntimeError when a record did not arrive."""
        self._producer.poll(0)
        self._said.poll()
        if self._failed is not None:
            raise RuntimeError(f"the broker did not take a record: {self._failed.str()}")

    def wait_for(self, requests: int) -> None:
        """Until so many requests have been counted in the topic of metrics.

        Raises:
            RuntimeError: the worker ended, or counts something else.
        """
        self._sent += requests
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while self._said.requests != self._sent:
            self.poll()
            if self._ended:
                raise RuntimeError(f"the worker ended: {self._worker.log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the worker counted {self._said.requests} of {self._sent} requests")

    @property
    def exports_bytes(self) -> int:
        """On the broker's disk."""
        logs = server.directory(self._broker.settings).glob(f"{server.LOG}/{self._cluster.exports}-*/*.log")
        return sum(log.stat().st_size for log in logs)

    @property
    def metrics_bytes_per_window(self) -> float:
        """As they are encoded; the records in the topic are compressed."""
        return self._said.size / max(len(self._said.arrived), 1)

    def restart(self) -> None:
        """Start a worker in the place of the one that has left, and return when it has the state."""
        self._start()

    def leave(self) -> int:
        """End the worker, which writes its snapshots as it gives its partitions back; their bytes before compression.

        Raises:
            RuntimeError: it did not end by itself.
        """
        status = self._worker.terminate()
        if status != 0:
            told = self._worker.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the worker ended with status {status}: {told}")
        return snapshot_bytes(self._broker, f"group-{self._cluster.name}")


def snapshot_bytes(broker: Broker, group: str) -> int:
    """Of all snapshots that the group's committed offsets point to, in whatever topics."""
    consumer = Consumer(broker.client() | {"group.id": group, "enable.auto.commit": False})
    try:
        topics = consumer.list_topics(timeout=_ANSWER_SECONDS).topics
        places = [TopicPartition(name, number) for name, topic in topics.items() for number in topic.partitions]
        committed = consumer.committed(places, timeout=_ANSWER_SECONDS)
    finally:
        consumer.close()
    return sum(_sizes(place.metadata for place in committed if place.offset >= 0))


def _sizes(metadata: Iterable[str | None]) -> Iterable[int]:
    for text in metadata:
        pointer = from_metadata(text)
        yield 0 if pointer is None else pointer.size


def _resident(pid: int) -> int:
    fields: Sequence[str] = Path(f"/proc/{pid}/status").read_text(encoding="ascii").split()
    return int(fields[fields.index("VmRSS:") + 1]) * _KIB
