"""A real server ends, its state is moved into a real Kafka, and workers go on: nobody can tell but by the instance."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.processor.move.partitioning import key_of, of_agents, of_workers
from tests import kafka
from tests.ports import free_port
from tests.processor import process
from tests.processor.exports import SECOND
from tests.processor.kafka import traffic
from tests.processor.kafka.cluster import Cluster, Samples, add_samples, requests_in, without_instance
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

SERVICES = ("mes-api", "line/shop api", "users")
SECONDS = 15


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    with kafka.running_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def moved(cluster: Cluster, state: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-W", "error", "-m", "reduse.processor.move", "--state-dir", str(state)]
    environment = cluster.environment(free_port(), **settings)
    return subprocess.run(
        [*program, *arguments], env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def report(cluster: Cluster, state: Path, *arguments: str) -> dict[str, Any]:
    answered = moved(cluster, state, "--json", *arguments)
    assert answered.returncode == 0, answered.stderr
    found: dict[str, Any] = json.loads(answered.stdout)
    return found


def refused(cluster: Cluster, state: Path, *arguments: str, **settings: str) -> str:
    """The last line of what it says; nothing is committed, and no topic is made."""
    before = cluster_topics(cluster)
    answered = moved(cluster, state, *arguments, **settings)
    assert (answered.returncode, answered.stdout) == (1, ""), answered.stderr
    assert cluster_topics(cluster) == before
    return answered.stderr.splitlines()[-1]


def cluster_topics(cluster: Cluster) -> set[str]:
    there = AdminClient({"bootstrap.servers": cluster.broker.address}).list_topics(timeout=PATIENCE_SECONDS).topics
    return {name for name in there if cluster.name in name}


def seconds(start: int, seed: int) -> list[tuple[str, ExportMetricsServiceRequest, int]]:
    """Of each service and second the exports of its instances, together, and how many requests are in them."""
    found = []
    services = [traffic.seconds(SECONDS, start, seed=seed + n, service=name) for n, name in enumerate(SERVICES)]
    for second in zip(*services, strict=True):
        for service, (requests, total) in zip(SERVICES, second, strict=True):
            joined = ExportMetricsServiceRequest(resource_metrics=[r.resource_metrics[0] for r in requests])
            found.append((service, joined, total))
    return found


def write(cluster: Cluster, sent: list[tuple[str, ExportMetricsServiceRequest, int]]) -> None:
    """As agents do."""
    producer = Producer({"bootstrap.servers": cluster.broker.address, "partitioner": "murmur2_random"})
    for service, request, _ in sent:
        producer.produce(cluster.exports, request.SerializeToString(), key_of(service))
    assert producer.flush(20) == 0


def said_to(*sinks: Sink) -> Samples:
    found: Samples = {}
    for sink in sinks:
        for request in list(sink.requests):
            add_samples(found, request)
    return found


def test_after_the_move_workers_say_what_one_server_would_have_said(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start, state = Cluster(broker, tmp_path, 4), traffic.begin(), tmp_path / "state"
    first, second = seconds(start, 1), seconds(start + SECONDS * SECOND, 50)
    total = sum(requests for _, _, requests in [*first, *second])
    with Sink() as sink, Sink() as of_all, process.running(tmp_path / "all", of_all.port) as whole:
        client = process.Client(whole.port)
        with process.running(state, sink.port) as server:
            to_server = process.Client(server.port)
            for _, request, _ in first:
                to_server.send(request)
            to_server.close()
            assert server.terminate() == 0
        for _, request, _ in [*first, *second]:
            client.send(request)
        client.close()
        # What an agent sends once more may come by the other way.
        write(cluster, [*first[-6:], *second])
        planned = report(cluster, state, "--dry-run")
        assert not cluster_topics(cluster) & {cluster.state, cluster.partials}
        done = report(cluster, state)
        assert (planned["moved"], done["moved"]) == (False, True)
        assert {name: planned[name] for name in planned if name != "moved"} == {
            name: done[name] for name in done if name != "moved"
        }
        assert {each["service"]: (each["instances"], each["users"]) for each in done["services"]} == {
            service: (2, len(traffic.USERS)) for service in SERVICES
        }
        assert "already has a state" in refused(cluster, state)
        with cluster.worker() as worker:

            def said() -> Samples:
                return without_instance(cluster.samples()[0]) | without_instance(said_to(sink))

            wait_until(lambda: requests_in(said_to(of_all)).total() == total, "the requests")
            wait_until(lambda: said() == without_instance(said_to(of_all)), "the same samples")
            again = sum(len(points(request)) for _, request, _ in first[-6:])
            assert worker.metric("reduse_processor_points_duplicate_total") == again
            assert worker.metric("reduse_processor_points_late_total") == 0
            assert " workers: stop them" in refused(cluster, state)
            assert worker.terminate() == 0


def points(request: ExportMetricsServiceRequest) -> list[object]:
    return [
        point
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.histogram.data_points
    ]


def test_what_the_gateway_did_not_have_yet_comes_by_kafka(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, state, sent = Cluster(broker, tmp_path, 2), tmp_path / "state", seconds(traffic.begin(), 7)
    with process.running(state, free_port()) as server:
        client = process.Client(server.port)
        for _, request, _ in sent:
            client.send(request)
        client.close()
        wait_until(lambda: server.metric("reduse_processor_outbox_depth") > 0, "what waits for the gateway")
        assert server.terminate() == 0
    assert report(cluster, state)["payloads"] > 0
    first, _ = cluster.samples()
    assert requests_in(first).total() > 0
    with cluster.worker() as worker:
        total = sum(requests for _, _, requests in sent)

        def last() -> int:
            own = {key: value for key, value in cluster.samples()[0].items() if cluster.partials in str(key[0])}
            return requests_in(own).total()

        if requests_in(first).total() < total:
            wait_until(lambda: last() == total, "what was in open windows")
        assert worker.terminate() == 0


def test_whatever_cannot_be_moved_is_a_line_with_its_cure(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, state = Cluster(broker, tmp_path, 2), tmp_path / "state"
    assert "contains no state" in refused(cluster, state)
    assert not state.exists()
    with Sink() as sink, process.running(state, sink.port) as server:
        assert "a processor is using it" in refused(cluster, state)
        assert server.terminate() == 0
    assert "Kafka does not answer" in refused(cluster, state, BROKERS=f"127.0.0.1:{free_port()}")
    assert "Kafka has no topic absent: create it" in refused(cluster, state, EXPORTS_TOPIC="absent")
    assert "contains no service" in refused(cluster, state)
    log = state / "log"
    (state / "state.sqlite").write_bytes(b"no database" * 1000)
    assert "cannot be read and was not changed" in refused(cluster, state)
    assert log.exists()
    assert not list(state.glob("damaged-*"))
    for arguments, wanted in (((), "--state-dir"), (("--state-dir", "x", "--keys", "y"), "--keys")):
        answered = subprocess.run(
            [sys.executable, "-m", "reduse.processor.move", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert answered.returncode == 2
        assert wanted in answered.stderr
    answered = moved(cluster, state, BROKER="a:1")
    assert answered.returncode == 2
    assert "REDUSE_KAFKA_BROKER: unknown setting, did you mean REDUSE_KAFKA_BROKERS?" in answered.stderr


def test_keys_are_in_the_partitions_that_agents_and_workers_give_them(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 7)
    keys = [f"shop-{number}/käse #0".encode()[: 5 + number % 17] for number in range(60)]
    for wanted, settings in ((of_agents, {"partitioner": "murmur2_random"}), (of_workers, {})):
        found: dict[bytes, int | None] = {}

        def arrived(error: object, message: Message, into: dict[bytes, int | None] = found) -> None:
            assert error is None
            into[bytes(message.key() or b"")] = message.partition()

        producer = Producer({"bootstrap.servers": broker.address, **settings})
        for key in keys:
            producer.produce(cluster.metrics, b"", key, on_delivery=arrived)
        assert producer.flush(20) == 0
        assert found == {key: wanted(key, 7) for key in keys}
