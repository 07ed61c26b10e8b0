"""Eight shards of a service on four workers of a real group say what one processor with a server says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.wire import shard_key, shard_of
from tests import kafka
from tests.processor import process
from tests.processor.exports import SECOND, export
from tests.processor.kafka import traffic
from tests.processor.kafka.cluster import Cluster, Samples, add_samples, without_instance
from tests.processor.sink import Sink
from tests.waiting import wait_until

pytestmark = pytest.mark.server

SHARDS = 8
PARTITIONS = 4
SECONDS = 20
SERVICE = "mes-api"
INSTANCES = ("one", "two")
# More than have a series of their own, in all and in each shard.
USERS = [f"{random.Random(number).randrange(2**64):016x}" for number in range(400)]  # noqa: S311 - the same each time


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[kafka.Broker]:
    with kafka.running_broker(tmp_path / "kafka") as running:
        yield running


def test_shards_on_workers_say_what_one_processor_says(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start, chance = Cluster(broker, tmp_path, PARTITIONS), traffic.begin(), random.Random(1)  # noqa: S311
    sent = 0
    with ExitStack() as stack:
        workers = [stack.enter_context(cluster.worker()) for _ in range(4)]
        sink = stack.enter_context(Sink())
        processor = stack.enter_context(process.running(tmp_path / "state", sink.port))
        client = process.Client(processor.port)
        partitions = "reduse_processor_kafka_partitions"
        wait_until(lambda: [w.metric(partitions) for w in workers] == [2, 2, 2, 2], "two partitions each")
        for second in range(SECONDS):
            users = {instance: counts(chance) for instance in INSTANCES}
            client.send(request(start + second * SECOND, users))
            for number in range(SHARDS):
                part = request(start + second * SECOND, users, number)
                key = shard_key("", SERVICE, number, SHARDS)
                cluster.send(number % PARTITIONS, part, key)
            cluster.flush()
            sent += sum(sum(each.values()) for each in users.values()) + len(INSTANCES)
        client.close()
        cluster.wait_for(sent, workers)
        wait_until(lambda: sum(sink.last("reduse.user.requests").values()) == sent, "the requests")
        # All are quiet at the end.
        wait_until(lambda: of(sink) == without_instance(cluster.samples()[0]), "the same samples")
        assert sum(worker.metric("reduse_processor_kafka_windows_incomplete_total") for worker in workers) == 0
        assert [worker.terminate() for worker in workers] == [0] * 4


def counts(chance: random.Random) -> dict[str, int]:
    return {user: chance.choice([1, 1, 1, 2, 5, 40]) for user in chance.sample(USERS, 250)}


def request(start: int, users: dict[str, dict[str, int]], shard: int | None = None) -> ExportMetricsServiceRequest:
    """Of all instances, so that what of the first second is late does not depend on who comes first."""
    made = ExportMetricsServiceRequest()
    for instance, own in users.items():
        part = {user: count for user, count in own.items() if shard in (None, shard_of(user, SHARDS))}
        made.MergeFrom(export(start, start + SECOND, part, 0 if shard else 1, instance, SERVICE))
    return made


def of(sink: Sink) -> Samples:
    found: Samples = {}
    for each in sink.requests:
        add_samples(found, each)
    return without_instance(found)
