"""A service in another language sends its users in one call: the agent splits it into shards, as the service would."""

import hashlib
import random
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.wire import shard_of
from tests.collector.configuration import AGENT, AGENT_KAFKA
from tests.collector.kafka.collectors import agent, send_bodies, services_of
from tests.kafka import Broker, Record
from tests.processor.exports import SECOND, export, point, request
from tests.processor.kafka.cluster import Cluster
from tests.waiting import wait_until

pytestmark = pytest.mark.server

USERS = [hashlib.sha256(str(number).encode()).hexdigest()[:16] for number in range(200)]
BEGIN = 1_790_000_000 * SECOND
END = BEGIN + SECOND


class Point(NamedTuple):
    user: str
    requests: int
    time: int


def points(records: Iterable[Record]) -> dict[str, list[Point]]:
    """By key, in the order of the topic; the user of overflow is its attribute."""
    found = defaultdict[str, list[Point]](list)
    for record in records:
        for resource in ExportMetricsServiceRequest.FromString(record.value).resource_metrics:
            for each in resource.scope_metrics[0].metrics[0].histogram.data_points:
                attribute = each.attributes[0] if each.attributes else None
                user = (attribute.value.string_value or attribute.key) if attribute else ""
                found[(record.key or b"").decode()].append(Point(user, each.count, each.time_unix_nano))
    return dict(found)


def test_a_service_without_shards_arrives_in_as_many_keys_as_the_setting_says(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    shards = 4
    service = "наш/go"
    half = len(USERS) // 2
    counts = dict(zip(USERS, range(1, len(USERS) + 1), strict=True))
    # In two requests, of which the second ends the export.
    first = request([point(BEGIN, END, counts[user], user) for user in USERS[:half]], service)
    overflow = point(BEGIN, END, 1000, overflow=True)
    malformed = point(BEGIN, END, 17, "no hash")
    second = request(
        [*(point(BEGIN, END, counts[user], user) for user in USERS[half:]), malformed, overflow, point(BEGIN, END, 5)],
        service,
    )
    bodies = {
        first.SerializeToString(): "",
        second.SerializeToString(): "",
        # A distro that was not told to split, one that was, and a service that is not named.
        export(BEGIN, END, {USERS[0]: 1}, service="whole").SerializeToString(): "whole#0/1",
        export(BEGIN, END, {USERS[0]: 1}, service="split").SerializeToString(): "split#1/8",
        export(BEGIN, END, {USERS[0]: 1}, service="other").SerializeToString(): "",
    }
    topic = broker.settings.kafka_exports_topic
    with agent(otelcol, folder, broker, REDUSE_AGENT_USER_SHARDS=f"{service}={shards},whole=2,split=2") as started:
        send_bodies(started.port, bodies)

        def arrived() -> list[Record]:
            return [each for each in broker.read(topic) if services_of(each) & {service, "whole", "split", "other"}]

        wait_until(lambda: points(arrived()).keys() >= {"other#0/1"}, "the last export")
        found = points(arrived())
    key = "%D0%BD%D0%B0%D1%88/go#"
    assert found.keys() == {
        *(f"{key}{number}/{shards}" for number in range(shards)),
        *("whole#0/2", "whole#1/2", "split#1/8", "other#0/1"),
    }
    for number in range(shards):
        own = [user for user in USERS if shard_of(user, shards) == number]
        refused_and_summed = [Point("no hash", 17, END), Point("otel.metric.overflow", 1000, END)] if not number else []
        assert found[f"{key}{number}/{shards}"] == [
            *(Point(user, counts[user], END) for user in own),
            *refused_and_summed,
            Point("", 0 if number else 5, END),
        ]
    empty = Point("", 0, END)
    user = Point(USERS[0], 1, END)
    assert found["other#0/1"] == found["split#1/8"] == [user, empty]
    of_the_user = shard_of(USERS[0], 2)
    assert found[f"whole#{of_the_user}/2"] == [user, empty]
    assert found[f"whole#{1 - of_the_user}/2"] == [empty]


def exports(count: int) -> Iterator[tuple[bytes, int]]:
    """Of each second the export of two instances in one call, and how many requests are in it."""
    chance = random.Random(1)  # noqa: S311 - to be the same each time
    begin = (time.time_ns() // SECOND - 120) * SECOND
    for start in range(begin, begin + count * SECOND, SECOND):
        call = ExportMetricsServiceRequest()
        total = 0
        for instance in ("one", "two"):
            users = {user: chance.randrange(1, 20) for user in chance.sample(USERS, 50)}
            anonymous = chance.randrange(5)
            call.MergeFrom(export(start, start + SECOND, users, anonymous, instance, "node"))
            total += sum(users.values()) + anonymous
        yield call.SerializeToString(), total


def test_workers_count_each_request_of_such_a_service_once(broker: Broker, otelcol: Path, folder: Path) -> None:
    cluster = Cluster(broker, folder, 4)
    own = {"REDUSE_AGENT_USER_SHARDS": "node=8", "REDUSE_KAFKA_EXPORTS_TOPIC": cluster.exports}
    with ExitStack() as stack:
        workers = [stack.enter_context(cluster.worker()) for _ in range(2)]
        started = stack.enter_context(agent(otelcol, folder, broker, **own))
        sent = 0
        for body, total in exports(20):
            # Each is sent twice, as after an answer that was lost.
            for _ in range(2):
                send_bodies(started.port, {body: ""})
            sent += total
        cluster.wait_for(sent, workers)
        assert any(worker.metric("reduse_processor_points_duplicate_total") for worker in workers)
        assert all(worker.terminate() == 0 for worker in workers)
    assert cluster.requests().total() == sent
    keys = Counter(record.key.decode() for _, record in cluster.bodies(cluster.exports) if record.body)
    assert keys == {f"node#{number}/8": 40 for number in range(8)}


@pytest.mark.parametrize("setting", ["node", "node=many"])
def test_a_setting_that_cannot_be_meant_is_an_error_that_names_it(otelcol: Path, folder: Path, setting: str) -> None:
    finished = subprocess.run(
        [otelcol, "validate", f"--config={AGENT}", f"--config={AGENT_KAFKA}"],
        env={"REDUSE_QUEUE_DIR": str(folder), "REDUSE_AGENT_USER_SHARDS": setting},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert f'REDUSE_AGENT_USER_SHARDS="{setting}": ' in finished.stderr
