"""Topics of a test's own on a broker, workers of them as processes, and what is in the topics."""

from __future__ import annotations

import os
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, Metric, NumberDataPoint

from reduse.processor.kafka.record import Record
from reduse.wire import shard_key
from tests.kafka import Broker
from tests.ports import free_port
from tests.process import Process
from tests.processor.process import Running
from tests.waiting import PATIENCE_SECONDS, wait_until

# (metric, attributes), and (time, the encoded value).
Series = tuple[str, tuple[tuple[str, str], ...]]
Samples = dict[tuple[Series, int], bytes]


@dataclass
class Cluster:
    """A name of its own for every topic and group."""

    broker: Broker
    folder: Path
    partitions: int
    timestamps: str = "LogAppendTime"
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.broker.make(self.exports, self.partitions, {"message.timestamp.type": self.timestamps})
        self.broker.make(self.metrics, self.partitions)
        self._producer = Producer({"bootstrap.servers": self.broker.address, "linger.ms": 0})

    @property
    def exports(self) -> str:
        return f"exports-{self.name}"

    @property
    def partials(self) -> str:
        return f"partials-{self.name}"

    @property
    def metrics(self) -> str:
        return f"metrics-{self.name}"

    @property
    def quarantine(self) -> str:
        return f"quarantine-{self.name}"

    @property
    def state(self) -> str:
        return f"state-{self.name}"

    def send(self, partition: int, request: ExportMetricsServiceRequest | bytes, key: str = "") -> None:
        """Unless a key says otherwise each partition has one shard of all services."""
        body = request if isinstance(request, bytes) else request.SerializeToString()
        key = key or shard_key("", "of-the-test", partition, self.partitions)
        self._producer.produce(self.exports, body, key.encode(), partition=partition)

    def flush(self) -> None:
        assert self._producer.flush(PATIENCE_SECONDS) == 0

    def environment(self, metrics_port: int, **settings: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REDUSE_")}
        own = {
            "BROKERS": self.broker.address,
            "EXPORTS_TOPIC": self.exports,
            "PARTIALS_TOPIC": self.partials,
            "METRICS_TOPIC": self.metrics,
            "STATE_TOPIC": self.state,
            "QUARANTINE_TOPIC": self.quarantine,
            "GROUP": f"group-{self.name}",
            "SESSION_TIMEOUT_SECONDS": "6",
        }
        given = {f"REDUSE_KAFKA_{name}": value for name, value in (own | settings).items()}
        return kept | given | {"REDUSE_PROCESSOR_METRICS_PORT": str(metrics_port)}

    @contextmanager
    def worker(self, *program: str, **settings: str) -> Iterator[Running]:
        """One that is in the group; killed at the end if it is still there."""
        with self.beginning(*program, **settings) as worker:
            worker.process.wait_until(lambda: worker.answers("/readyz"))
            yield worker

    @contextmanager
    def beginning(self, *program: str, **settings: str) -> Iterator[Running]:
        """One that may not be in the group yet; `program`: another one than the worker's own."""
        port = free_port()
        log = self.folder / f"worker-{self.name}-{port}.log"
        command = [sys.executable, "-W", "error", *(program or ("-m", "reduse.processor.kafka"))]
        process = Process(command, log, environment=self.environment(port, **settings))
        process.start()
        try:
            yield Running(process, 0, port, 0)
        finally:
            process.kill()

    def committed(self, partition: int) -> int:
        """Of the topic of exports: the offset that the group has committed."""
        consumer = Consumer({"bootstrap.servers": self.broker.address, "group.id": f"group-{self.name}"})
        try:
            (place,) = consumer.committed([TopicPartition(self.exports, partition)], timeout=PATIENCE_SECONDS)
        finally:
            consumer.close()
        return int(place.offset)

    def delete_before(self, partition: int, offset: int) -> None:
        """As the broker does when the retention is over."""
        admin = AdminClient({"bootstrap.servers": self.broker.address})
        for deleted in admin.delete_records([TopicPartition(self.exports, partition, offset)]).values():
            deleted.result(PATIENCE_SECONDS)

    def bodies(self, topic: str) -> Iterator[tuple[int, Record]]:
        """Everything that is in a topic now, by partition."""
        consumer = Consumer(
            {"bootstrap.servers": self.broker.address, "group.id": "reader", "enable.auto.commit": False}
            | {"enable.partition.eof": True, "fetch.wait.max.ms": 20}
        )
        try:
            known = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic].partitions
            ends = {
                n: consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=PATIENCE_SECONDS) for n in known
            }
            consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in ends.items()])
            left = {number for number, (low, high) in ends.items() if low < high}
            while left:
                message = consumer.poll(PATIENCE_SECONDS)
                assert message is not None, "the topic is not answered for"
                number, error = message.partition(), message.error()
                if error is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    left.discard(number)
                    continue
                assert number is not None
                yield (
                    number,
                    Record(
                        message.offset() or 0,
                        message.timestamp()[1] * 1_000_000,
                        message.value() or b"",
                        message.key() or b"",
                    ),
                )
        finally:
            consumer.close()

    def samples(self) -> tuple[Samples, int]:
        """All that was said, and how many of it more than once: always the same."""
        found: Samples = {}
        repeated = 0
        for _, record in self.bodies(self.metrics):
            repeated += add_samples(found, ExportMetricsServiceRequest.FromString(record.body))
        return found, repeated

    def requests(self) -> Counter[str]:
        """The last values of reduse.user.requests of all shards together, by identity."""
        return requests_in(self.samples()[0])

    def wait_for(self, requests: int, workers: Sequence[Running]) -> None:
        """Until so many requests have been said."""

        def said() -> bool:
            for worker in workers:
                assert worker.process.alive, worker.process.output()
            return self.requests().total() >= requests

        wait_until(said, f"{requests} requests")


def add_samples(found: Samples, request: ExportMetricsServiceRequest) -> int:
    """How many were there before. AssertionError for two values of the same series and time."""
    repeated = 0
    for resource_metrics in request.resource_metrics:
        instance = resource_metrics.resource.attributes[1].value.string_value
        for metric in resource_metrics.scope_metrics[0].metrics:
            for point in _points(metric):
                attributes = tuple((a.key, a.value.string_value) for a in point.attributes)
                key = ((metric.name, (*attributes, ("instance", instance))), point.time_unix_nano)
                value = point.SerializeToString(deterministic=True)
                assert found.get(key, value) == value, f"two values: {key}"
                repeated += key in found
                found[key] = value
    return repeated


def _points(metric: Metric) -> list[NumberDataPoint | HistogramDataPoint]:
    return [*metric.gauge.data_points, *metric.sum.data_points, *metric.histogram.data_points]


def requests_in(samples: Samples) -> Counter[str]:
    last: dict[Series, tuple[int, int]] = {}
    for (series, time), value in samples.items():
        if series[0] == "reduse.user.requests":
            last[series] = max(last.get(series, (0, 0)), (time, NumberDataPoint.FromString(value).as_int))
    total: Counter[str] = Counter()
    for (_, attributes), (_, count) in last.items():
        total[dict(attributes)["identity"]] += count
    return total


def without_instance(samples: Samples) -> Samples:
    return {((name, attributes[:-1]), time): value for ((name, attributes), time), value in samples.items()}
