"""The pods' own configuration, on a broker with the rights of example/strimzi.yaml: they are enough, and no more."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.operation import certificates
from reduse.settings.stack import load_settings
from reduse.stack import collector
from reduse.store.client import StoreClient
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS, read
from tests.collector.kafka.collectors import send_bodies
from tests.deploy.guarded_broker import Guarded, guarded_broker
from tests.deploy.manifests import KAFKA, Workload
from tests.deploy.test_kubernetes_kafka import SCALER, users
from tests.ports import free_port
from tests.process import Process
from tests.processor.kafka.traffic import begin, seconds
from tests.processor.process import Running
from tests.server import Server
from tests.waiting import wait_until

pytestmark = pytest.mark.server

SECONDS = 60
TOKEN = "token-of-a-test"
EXPORTS, METRICS, STATE, QUARANTINE = (f"reduse.{name}" for name in ("exports", "metrics", "state", "quarantine"))

# They have no types.
EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_broker(tmp_path_factory.mktemp("kafka"), users()) as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, guarded: Guarded) -> Path:
    """What the pods' volumes hold, each in a folder of the mount's name; the parts' authority is not the brokers'."""
    found = tmp_path_factory.mktemp("pods")
    certificates.ensure(found / "made", hosts=(), now=datetime.now(UTC))
    for part in ("agent", "gateway", "worker"):
        own = found / part
        for name in ("reduse-tls", "reduse-token", "reduse-prometheus", "reduse-kafka"):
            (own / name).mkdir(parents=True)
        (own / "reduse-token" / "token").write_text(TOKEN)
        (own / "reduse-prometheus" / "credentials").write_text("cmVkdXNlOnNlY3JldA==")
        (own / "reduse-kafka" / "ca.crt").write_bytes(guarded.authority.read_bytes())
        (own / "reduse-kafka" / "password").write_text(guarded.passwords[f"reduse-{part}"])
        if part != "worker":
            for made, mounted in (("ca", "ca.crt"), (f"{part}", "tls.crt")):
                (own / "reduse-tls" / mounted).write_bytes((found / "made" / f"{made}.crt").read_bytes())
            (own / "reduse-tls" / "tls.key").write_bytes((found / "made" / f"{part}.key").read_bytes())
    return found


def environment(workload: Workload, folder: Path, guarded: Guarded) -> dict[str, str]:
    """That of its pod, where `folder` has what is mounted."""
    own = folder / workload.name.removeprefix("reduse-")

    def placed(value: str) -> str:
        for mount in workload.mounts:
            if value.startswith(f"{mount}/"):
                return f"{own / Path(mount).name}{value.removeprefix(mount)}"
        return value

    given = {name: placed(value) for name, value in workload.environment.items()}
    return given | {"REDUSE_KAFKA_BROKERS": guarded.broker.address}


def collector_of(name: str, folder: Path, guarded: Guarded, **variables: str) -> Server:
    binary = collector.find(load_settings())
    if binary is None:
        pytest.skip("not built: `./reduse collector`")
    workload = KAFKA.workloads[name]
    command = [
        str(binary),
        *(f"--config={workload.files[source]}" for source in workload.sources),
        "--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{port}",
    ]
    part = name.removeprefix("reduse-").upper()
    ports = {
        f"REDUSE_{part}_HEALTH_ENDPOINT": f"127.0.0.1:{free_port()}",
        f"REDUSE_{part}_METRICS_PORT": str(free_port()),
        "REDUSE_METRICS_HOST": "127.0.0.1",
    }
    return Server(command, environment(workload, folder, guarded) | ports | variables, folder / f"{name}.log")


@contextmanager
def worker(folder: Path, guarded: Guarded, **variables: str) -> Iterator[Running]:
    workload = KAFKA.workloads["reduse-worker"]
    port, log = free_port(), folder / "reduse-worker.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDUSE_")}
    given = environment(workload, folder, guarded) | {"REDUSE_PROCESSOR_METRICS_PORT": str(port)} | variables
    # What was compiled for other tests is as good.
    given.pop("NUMBA_CACHE_DIR")
    process = Process([sys.executable, *workload.container["command"][1:]], log, environment=kept | given)
    running = Running(process, 0, port, 0)
    process.start()
    try:
        wait_until(lambda: running.answers("/readyz"), "the worker's start")
        yield running
    finally:
        process.kill()


def test_the_rights_are_enough_from_the_agent_to_the_store(guarded: Guarded, folder: Path) -> None:
    trusted = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials((folder / "made" / "ca.crt").read_bytes()),
        grpc.access_token_call_credentials(TOKEN),
    )
    traffic = list(seconds(8, begin()))
    with (
        worker(folder, guarded, REDUSE_KAFKA_SNAPSHOT_INTERVAL_SECONDS="1") as working,
        servers.prometheus(folder, {"storage": read(PROMETHEUS)["storage"]}) as store,
        collector_of("reduse-gateway", folder, guarded, REDUSE_PROMETHEUS_URL=store.url, REDUSE_ALERTMANAGER_URL=""),
        collector_of(
            "reduse-agent",
            folder,
            guarded,
            REDUSE_AGENT_HTTP_ENDPOINT=f"127.0.0.1:{free_port()}",
            REDUSE_GATEWAY_ENDPOINT=f"127.0.0.1:{free_port()}",
        ) as agent,
        StoreClient(store.url) as client,
    ):
        for requests, _ in traffic:
            # Of both instances at once: what of a first second is late depends on when it comes.
            request = ExportMetricsServiceRequest(resource_metrics=[each.resource_metrics[0] for each in requests])
            send_bodies(agent.port, {request.SerializeToString(): ""}, trusted)
            time.sleep(0.5)
        total = sum(count for _, count in traffic)
        counted = "sum(last_over_time(reduse_user_requests_total[1h]))"
        wait_until(lambda: [round(each.value) for each in client.query(counted)] == [total], "the requests")
        # Which needs the right to delete.
        wait_until(lambda: earliest(guarded, STATE) > 0, "older snapshots to be deleted")
        guarded.broker.put(EXPORTS, b"nobody can read this")
        wait_until(lambda: latest(guarded, QUARANTINE) > 0, "the record that is set apart")
        assert working.terminate() == 0
    # Which reads what the one before has left.
    with worker(folder, guarded) as another:
        wait_until(lambda: has_all_partitions(another), "its partitions")
        assert another.terminate() == 0
    said = (folder / "reduse-worker.log").read_text()
    assert "authoriz" not in said.lower(), said
    assert "starts with an empty" not in said, said


def has_all_partitions(running: Running) -> bool:
    there = running.metric("reduse_processor_kafka_topic_partitions")
    return 0 < there == running.metric("reduse_processor_kafka_partitions")


def of_all_partitions(guarded: Guarded, topic: str, wanted: OffsetSpec) -> int:
    partitions = guarded.admin.list_topics(topic, timeout=SECONDS).topics[topic].partitions
    asked = {TopicPartition(topic, number): wanted for number in partitions}
    return sum(answer.result(SECONDS).offset for answer in guarded.admin.list_offsets(asked).values())


def earliest(guarded: Guarded, topic: str) -> int:
    return of_all_partitions(guarded, topic, EARLIEST)


def latest(guarded: Guarded, topic: str) -> int:
    return of_all_partitions(guarded, topic, LATEST)


def reads(guarded: Guarded, user: str, topic: str, wait: float = 3) -> bool:
    """Whether a record comes within `wait` seconds: a topic that one may not see is as one that is not there yet."""
    consumer = Consumer({**guarded.client(user), "group.id": "reduse", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            message = consumer.poll(0.1)
            # It may be refused the group, which nothing is asked of.
            if message is not None and message.error() is None:
                return True
        return False
    finally:
        consumer.close()


def writes(guarded: Guarded, user: str, topic: str) -> bool:
    arrived: list[bool] = []
    producer = Producer({**guarded.client(user), "message.timeout.ms": 10_000})
    producer.produce(topic, b"", partition=0, on_delivery=lambda error, _: arrived.append(error is None))
    producer.flush(SECONDS)
    return arrived == [True]


def makes(guarded: Guarded, user: str, topic: str) -> bool:
    admin = AdminClient(guarded.client(user))
    try:
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(SECONDS)
    except KafkaException:
        return False
    return True


def deletes(guarded: Guarded, user: str, topic: str) -> bool:
    admin = AdminClient(guarded.client(user))
    place = TopicPartition(topic, 0, 0)
    try:
        admin.delete_records([place])[place].result(SECONDS)
    except KafkaException:
        return False
    return True


Attempt = Callable[[Guarded, str, str], bool]


@pytest.mark.parametrize(
    ("user", "attempt", "topic"),
    [
        ("reduse-agent", reads, EXPORTS),
        ("reduse-agent", writes, METRICS),
        ("reduse-agent", makes, "reduse.partials"),
        ("reduse-worker", reads, METRICS),
        ("reduse-worker", deletes, EXPORTS),
        ("reduse-worker", deletes, METRICS),
        ("reduse-worker", makes, "reduse.of-somebody-else"),
        ("reduse-gateway", reads, EXPORTS),
        ("reduse-gateway", writes, METRICS),
        ("reduse-gateway", writes, EXPORTS),
        (SCALER, reads, EXPORTS),
        (SCALER, writes, EXPORTS),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_nobody_can_do_what_is_anothers(guarded: Guarded, user: str, attempt: Attempt, topic: str) -> None:
    guarded.broker.put(EXPORTS, b"")
    guarded.broker.put(METRICS, b"")
    assert not attempt(guarded, user, topic)


def test_attempts_of_who_may_succeed(guarded: Guarded) -> None:
    """So that the test above says something."""
    for topic in (EXPORTS, METRICS):
        for _ in range(32):
            guarded.broker.put(topic, b"")
    assert writes(guarded, "reduse-agent", EXPORTS)
    assert reads(guarded, "reduse-gateway", METRICS, SECONDS)
    assert reads(guarded, "reduse-worker", EXPORTS, SECONDS)
    assert makes(guarded, "reduse-worker", "reduse.partials.state") or "reduse.partials.state" in known(guarded)
    assert deletes(guarded, "reduse-worker", "reduse.partials.state")


def known(guarded: Guarded) -> Mapping[str, object]:
    found: Mapping[str, object] = guarded.admin.list_topics(timeout=SECONDS).topics
    return found


def test_the_scaler_sees_how_much_waits(guarded: Guarded) -> None:
    admin = AdminClient(guarded.client(SCALER))
    place = TopicPartition(EXPORTS, guarded.broker.put(EXPORTS, b""))
    assert admin.list_offsets({place: LATEST})[place].result(SECONDS).offset > 0
    group = ConsumerGroupTopicPartitions("reduse", [place])
    committed = admin.list_consumer_group_offsets([group])["reduse"].result(SECONDS)
    assert [each.error for each in committed.topic_partitions] == [None]
