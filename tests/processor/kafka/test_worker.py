"""Workers on a real broker: exact, and the same samples whatever happens to them."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.join import JoinBounds
from reduse.processor.core.options import Options
from reduse.processor.core.partial import Partial, pack_partials, unpack_partials
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.kafka import stage as stages
from reduse.processor.kafka.partition import Apart, Partition, Step
from reduse.processor.otlp.encoding import encode
from tests import kafka
from tests.ports import free_port
from tests.processor import process
from tests.processor.exports import SECOND, export
from tests.processor.kafka import traffic
from tests.processor.kafka.cluster import Cluster, Samples, add_samples, without_instance
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

# In the log of a worker that was given partitions.
HAS = '"message": "assigned: '

# By source and service, and time: as bytes.
Partials = dict[tuple[tuple[str, str], int], bytes]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    with kafka.running_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def send(cluster: Cluster, count: int, pace: float, start: int | None = None, seed: int = 1) -> int:
    """So many seconds of traffic to each partition, one second each `pace` seconds; how many requests it is."""
    sent, start = 0, start or traffic.begin()
    shards = [traffic.seconds(count, start, seed=seed + number) for number in range(cluster.partitions)]
    for second in zip(*shards, strict=True):
        for number, (requests, total) in enumerate(second):
            for request in requests:
                cluster.send(number, request)
            sent += total
        cluster.flush()
        time.sleep(pace)
    return sent


def check(cluster: Cluster, sent: int) -> None:
    """Totals are exact, and each sample is what an uninterrupted process says."""
    samples, _ = cluster.samples()
    assert cluster.requests().total() == sent
    check_all(partials_in(cluster), partials_again(cluster))
    check_all(samples, samples_again(cluster))


def check_all(said: Mapping[tuple[Any, int], bytes], wanted: Mapping[tuple[Any, int], bytes]) -> None:
    """That what is said is what is wanted, and that nothing is missing that is older than the newest."""
    assert {key: wanted[key] for key in said} == said
    newest = max(time for _, time in said)
    assert [key for key in wanted if key not in said and key[1] <= newest] == []


def partials_again(cluster: Cluster) -> Partials:
    """What one process says that takes all exports without an interruption."""
    stage = stages.shards(cluster.exports, "", BUILT_IN, Options(), Bounds(), 10 * SECOND)
    return by_source(partial for step in steps(stage, cluster) for partial in step.partials)


def samples_again(cluster: Cluster) -> Samples:
    """What one process says that takes all partials without an interruption."""
    found: Samples = {}
    stage = stages.join(cluster.partials, "", BUILT_IN, Options(), JoinBounds())
    for step, place in zip(steps(stage, cluster), places(cluster), strict=True):
        for emission in step.emissions:
            add_samples(found, ExportMetricsServiceRequest.FromString(encode(emission, place)))
    return found


def places(cluster: Cluster) -> list[str]:
    return [f"{cluster.partials}/{number}" for number, _ in cluster.bodies(cluster.partials)]


def steps(stage: stages.Stage, cluster: Cluster) -> list[Step]:
    partitions: dict[int, Partition] = {}
    found = []
    for number, record in cluster.bodies(stage.topic):
        if number not in partitions:
            partitions[number] = stage.new_partition(number, record.offset, Apart())
        found.append(partitions[number].take(record))
    return found


def partials_in(cluster: Cluster) -> Partials:
    records = (record for _, record in cluster.bodies(cluster.partials) if record.body)
    return by_source(partial for record in records for partial in unpack_partials(record.body))


def by_source(partials: Iterable[Partial]) -> Partials:
    """AssertionError for two of one source, service and time."""
    found: Partials = {}
    for partial in partials:
        key, body = ((partial.source, partial.emission.service), partial.emission.time), pack_partials([partial])
        assert found.setdefault(key, body) == body, f"two values: {key}"
    return found


def test_one_shard_says_what_the_processor_with_a_server_says(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start = Cluster(broker, tmp_path, 1), traffic.begin()
    with cluster.worker() as worker, Sink() as sink, process.running(tmp_path / "state", sink.port) as processor:
        client, sent = process.Client(processor.port), 0
        for requests, total in traffic.seconds(20, start):
            # Of both instances at once: what of a first second is late depends on when it comes.
            request = ExportMetricsServiceRequest(resource_metrics=[r.resource_metrics[0] for r in requests])
            client.send(request)
            cluster.send(0, request)
            sent += total
        client.close()
        cluster.flush()
        cluster.wait_for(sent, [worker])
        wait_until(lambda: sum(sink.last("reduse.user.requests").values()) == sent, "the requests")

        def of_the_sink() -> Samples:
            found: Samples = {}
            for request in sink.requests:
                add_samples(found, request)
            return without_instance(found)

        # Both are quiet at the end.
        wait_until(lambda: of_the_sink() == without_instance(cluster.samples()[0]), "the same samples")
        assert worker.metric("reduse_processor_points_received_total") == processor.metric(
            "reduse_processor_points_received_total"
        )
        assert worker.terminate() == 0
    check(cluster, sent)


def test_a_worker_that_is_killed_is_replaced_and_says_the_same(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start = Cluster(broker, tmp_path, 4), traffic.begin()
    with ExitStack() as stack:
        workers = [stack.enter_context(cluster.worker(SNAPSHOT_INTERVAL_SECONDS="1")) for _ in range(2)]
        wait_until(lambda: [w.metric("reduse_processor_kafka_partitions") for w in workers] == [4, 4], "half each")
        sent = send(cluster, 20, 0.15, start)
        workers[0].kill()
        sent += send(cluster, 20, 0.15, start + 20 * SECOND, seed=50)
        cluster.wait_for(sent, workers[1:])
        wait_until(lambda: partitions(workers[1:]) == [8], "all for who is left")
        assert workers[1].metric("reduse_processor_kafka_topic_partitions") == 8
        assert workers[1].metric("reduse_processor_kafka_replayed_total") > 0
        # All of them at once, and one alone after.
        sent += send(cluster, 5, 0.05, start + 40 * SECOND, seed=90)
        workers[1].kill()
        sent += send(cluster, 5, 0.05, start + 45 * SECOND, seed=95)
        last = stack.enter_context(cluster.worker())
        cluster.wait_for(sent, [last])
        assert last.terminate() == 0
    check(cluster, sent)


def test_workers_come_and_go_under_load(broker: kafka.Broker, tmp_path: Path) -> None:
    """One, four, two, one."""
    cluster, start = Cluster(broker, tmp_path, 4), traffic.begin()
    with ExitStack() as stack:
        workers = [stack.enter_context(cluster.worker())]
        sent = send(cluster, 10, 0.1, start)
        workers += [stack.enter_context(cluster.beginning()) for _ in range(3)]
        sent += send(cluster, 10, 0.1, start + 10 * SECOND, seed=20)
        wait_until(lambda: partitions(workers) == [2, 2, 2, 2], "two each")
        sent += send(cluster, 10, 0.1, start + 20 * SECOND, seed=40)
        for leaving, left in ((workers[2:], [4, 4]), (workers[1:2], [8])):
            assert [worker.terminate() for worker in leaving] == [0] * len(leaving)
            start += 10 * SECOND
            sent += send(cluster, 10, 0.1, start + 20 * SECOND, seed=60)
            wait_until(lambda n=left: partitions(workers[: len(n)]) == n, "all for who is left")  # type: ignore[misc]
        cluster.wait_for(sent, workers[:1])
        assert workers[0].terminate() == 0
    check(cluster, sent)


def partitions(workers: list[process.Running]) -> list[float]:
    return [w.metric("reduse_processor_kafka_partitions") if w.answers("/readyz") else 0 for w in workers]


def test_a_worker_that_slept_while_another_took_its_place_says_nothing_else(
    broker: kafka.Broker, tmp_path: Path
) -> None:
    """It wakes up with an engine, and records at hand, of partitions that are another's."""
    cluster, start = Cluster(broker, tmp_path, 2), traffic.begin()
    with cluster.worker() as sleeper, cluster.worker() as other:
        wait_until(lambda: partitions([sleeper, other]) == [2, 2], "half each")
        sent = send(cluster, 10, 0.05, start)
        sleeper.process.send_signal(signal.SIGSTOP)
        sent += send(cluster, 10, 0.05, start + 10 * SECOND, seed=20)
        cluster.wait_for(sent, [other])
        sleeper.process.send_signal(signal.SIGCONT)
        sent += send(cluster, 10, 0.2, start + 20 * SECOND, seed=40)
        wait_until(lambda: partitions([sleeper, other]) == [2, 2], "half each again")
        cluster.wait_for(sent, [sleeper, other])
        assert [sleeper.terminate(), other.terminate()] == [0, 0]
    check(cluster, sent)


# A worker whose core raises, half-way, at exports of this instance.
FRAGILE = """
from reduse.processor.core.engine import Engine
apply = Engine._apply
def fragile(engine, export, now, outcome):
    apply(engine, export, now, outcome)
    if export.stream.instance.startswith("poison"):
        raise ArithmeticError("poison")
Engine._apply = fragile
from reduse.processor.kafka import partition
partition.APART_LIMIT = 5
from reduse.processor.kafka.__main__ import main
main()
"""


def test_what_cannot_be_counted_is_set_apart_and_the_rest_goes_on(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start = Cluster(broker, tmp_path, 1), traffic.begin()
    poison = export(start, start + SECOND, {traffic.USERS[0]: 3}, 1, "poison", "shop-api").SerializeToString()
    with cluster.worker("-c", FRAGILE) as worker:
        sent = send(cluster, 3, 0, start)
        for bad in (b"no request at all", poison):
            cluster.send(0, bad)
            # Many more are under way when the partition is made anew.
            start += 20 * SECOND
            sent += send(cluster, 20, 0, start, seed=7)
        cluster.wait_for(sent, [worker])
        for metric, labels in (
            ("quarantined", {"what": "record"}),
            ("quarantined", {"what": "request"}),
            ("requests", {"outcome": "malformed"}),
            ("requests", {"outcome": "failed"}),
        ):
            wait_until(lambda m=metric, n=labels: worker.metric(f"reduse_processor_{m}_total", **n) == 1, metric)  # type: ignore[misc]
        assert worker.metric("reduse_processor_points_refused_total", reason="defect", service="shop-api") == 2
        assert worker.metric("reduse_processor_kafka_lost_total") == 0
        assert worker.terminate() == 0
    assert [record.body for _, record in cluster.bodies(cluster.quarantine)] == [b"no request at all", poison]
    assert cluster.requests().total() == sent


def test_many_records_that_make_the_core_raise_do_not_hold_it_up(broker: kafka.Broker, tmp_path: Path) -> None:
    """More of them in a row than are remembered at once."""
    cluster, start = Cluster(broker, tmp_path, 1), traffic.begin()
    sent = send(cluster, 3, 0, start)
    for number in range(12):
        user = {traffic.USERS[0]: number}
        cluster.send(0, export(start, start + SECOND, user, 1, "poison", "shop-api"))
    sent += send(cluster, 3, 0, start + 3 * SECOND, seed=7)
    with cluster.worker("-c", FRAGILE) as worker:
        cluster.wait_for(sent, [worker])
        assert worker.terminate() == 0
    assert len(list(cluster.bodies(cluster.quarantine))) == 12
    assert cluster.requests().total() == sent


def test_a_topic_that_keeps_its_senders_times_is_refused(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 1, timestamps="CreateTime")
    send(cluster, 1, 0)
    with cluster.beginning() as worker:
        assert worker.process.wait(PATIENCE_SECONDS) == 1
        assert "message.timestamp.type=LogAppendTime" in worker.log.read_text().splitlines()[-1]


def test_without_a_broker_it_waits_and_says_so_once(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 1)
    with cluster.beginning(BROKERS=f"127.0.0.1:{free_port()}") as worker:
        wait_until(lambda: worker.log.exists() and "does not answer" in worker.log.read_text(), "the line")
        assert worker.get("/healthz")[0] == 200
        assert worker.get("/readyz")[0] == 503
        assert worker.terminate() == 0
        assert worker.log.read_text().count("does not answer") == 1


def test_what_the_broker_deleted_before_it_was_counted_is_told(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start = Cluster(broker, tmp_path, 1), traffic.begin()
    send(cluster, 5, 0, start)
    # Both instances, five seconds; then some of what comes after it is deleted.
    with cluster.worker() as worker:
        wait_until(lambda: worker.metric("reduse_processor_points_received_total") == 210, "the points")
        assert worker.terminate() == 0
    send(cluster, 5, 0, start + 5 * SECOND)
    begin = max(record.offset for _, record in cluster.bodies(cluster.exports)) - 3
    # A tick may be among them, that was written when the worker was about to end.
    missed = begin - cluster.committed(0)
    assert missed in {6, 7}
    cluster.delete_before(0, begin)
    with cluster.worker() as worker:
        wait_until(lambda: worker.metric("reduse_processor_points_received_total") == 84, "the rest")
        assert worker.metric("reduse_processor_kafka_lost_total") == missed
        assert worker.terminate() == 0


def test_workers_that_are_killed_while_they_begin_leave_nothing_wrong(broker: kafka.Broker, tmp_path: Path) -> None:
    """Four at once with a state to load, two of them killed while it is loaded, then all, then four again."""
    cluster, start = Cluster(broker, tmp_path, 4), traffic.begin()
    with cluster.worker(SNAPSHOT_INTERVAL_SECONDS="1") as worker:
        sent = send(cluster, 10, 0.1, start)
        cluster.wait_for(sent, [worker])
        worker.kill()
    sent += send(cluster, 10, 0, start + 10 * SECOND, seed=20)
    for killed in (2, 4):
        with ExitStack() as stack:
            workers = [stack.enter_context(cluster.beginning()) for _ in range(4)]
            wait_until(lambda w=workers: any(HAS in each.log.read_text() for each in w), "a start")  # type: ignore[misc]
            for each in workers[:killed]:
                each.kill()
            sent += send(cluster, 5, 0.05, start + (20 + killed * 5) * SECOND, seed=killed)
            if killed < 4:
                cluster.wait_for(sent, workers[killed:])
    with cluster.worker() as last:
        cluster.wait_for(sent, [last])
        assert last.terminate() == 0
    check(cluster, sent)


def test_after_the_broker_died_workers_go_on(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster, start = Cluster(broker, tmp_path, 2), traffic.begin()
    with cluster.worker() as worker:
        sent = send(cluster, 10, 0.05, start)
        broker.kill()
        # Longer than the session of the group.
        time.sleep(8)
        broker.start()
        sent += send(cluster, 10, 0.05, start + 10 * SECOND, seed=30)
        cluster.wait_for(sent, [worker])
        assert worker.terminate() == 0
    check(cluster, sent)
