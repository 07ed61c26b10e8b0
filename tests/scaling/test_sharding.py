"""Prometheus gives the same answers of several processors as of one."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.store.answer import Sample
from tests.ports import wait_until
from tests.processor.process import Client
from tests.scaling.cluster import Cluster
from tests.scaling.traffic import Traffic

pytestmark = pytest.mark.server

SECONDS = 30
# As docs/scaling.md has them; `%s` selects the processors.
ANSWERS = {
    "requests": "sum by (service, identity) (reduse_user_requests_total{%s})",
    "rate": "sum by (service) (reduse_user_rate_per_second{%s})",
    "concurrency": "sum by (service) (reduse_service_concurrency{%s})",
    "distribution": "sum by (service, le) (reduse_user_rate_distribution_per_second_bucket{%s})",
    "active users": "sum by (service, window) (reduse_users_active{%s})",
    "rejected": "sum by (service, limit, burst) (reduse_rate_limit_rejected_total{%s})",
    "users touched": "sum by (service, limit, burst, window) (reduse_rate_limit_users{%s})",
}
LEADERS = 'topk(20, sum by (service, user) (reduse_user_rate_per_second{%s, user!~"other|anonymous"}))'
TOTALS = "sum by (identity) (max_over_time(reduse_user_requests_total{%s}[10m]))"
BY_INSTANCE = "sum by (instance) (max_over_time(reduse_user_requests_total[10m]))"


@contextmanager
def client(port: int) -> Iterator[Callable[[ExportMetricsServiceRequest], None]]:
    """Sends as the agent does, in order."""
    made = Client(port)
    try:
        yield made.send_until_taken
    finally:
        made.close()


def totals(cluster: Cluster, selected: str = "") -> dict[str, float]:
    return {sample.labels["identity"]: sample.value for sample in cluster.client.query(TOTALS % selected)}


def by_labels(samples: list[Sample]) -> dict[frozenset[tuple[str, str]], float]:
    # Floating-point sums in another order differ in the last digits.
    return {frozenset(sample.labels.items()): round(sample.value, 6) for sample in samples}


def test_the_sum_of_three_processors_is_the_answer_of_one(cluster: Cluster) -> None:
    alone, *shards = [cluster.processor(name) for name in ("alone", "a", "b", "c")]
    begin = int(time.time()) - SECONDS - 10
    traffic = Traffic(begin, seed=1)
    requests = [*traffic.prelude(), *(request for second in range(SECONDS) for request in traffic.second(second))]
    with client(alone.port) as send:
        for request in requests:
            send(request)
    wait_until(lambda: totals(cluster) == traffic.sent, 30, "the answer of one")
    (lone,) = {sample.labels["instance"] for sample in cluster.client.query(BY_INSTANCE)}
    one, three = f'instance="{lone}"', f'instance!="{lone}"'
    with cluster.balancer(shards) as balancer, client(balancer.port) as send:
        for request in requests:
            send(request)
        wait_until(lambda: totals(cluster, three) == traffic.sent, 30, "the answer of three")

    shares = {sample.labels["instance"]: sample.value for sample in cluster.client.query(BY_INSTANCE)}
    assert len(shares) == len([alone, *shards])
    assert min(shares.values()) > sum(traffic.sent.values()) / 20, "nearly all users are at one processor"
    for second in range(begin + 1, begin + SECONDS + 1):
        for name, answer in ANSWERS.items():
            of_one = by_labels(cluster.client.query(answer % one, second))
            assert of_one, name
            assert by_labels(cluster.client.query(answer % three, second)) == of_one, (name, second - begin)
        leaders = [cluster.client.query(LEADERS % which, second) for which in (one, three)]
        # Of users with equal rates either may be the twentieth.
        values = [Counter(sample.value for sample in samples) for samples in leaders]
        assert values[0] == values[1]


def test_a_processor_that_dies_loses_and_doubles_nothing(cluster: Cluster) -> None:
    shards = [cluster.processor(name) for name in "abc"]
    traffic = Traffic(int(time.time()) - SECONDS - 10, seed=2)
    with cluster.balancer(shards) as balancer, client(balancer.port) as send:
        for second in range(SECONDS):
            if second == SECONDS // 3:
                shards[1].kill()
                again = Timer(2, lambda: cluster.processor("b", shards[1].port))
                again.start()
            for request in traffic.second(second):
                send(request)
        again.join()
        wait_until(lambda: totals(cluster) == traffic.sent, 30, "all that was sent")
    repeated = sum(shard.metric("reduse_processor_points_duplicate_total") for shard in (shards[0], shards[2]))
    assert repeated > 0, "those that live were asked again for nothing"


def test_processors_come_and_go_and_no_request_is_lost_or_doubled(cluster: Cluster) -> None:
    traffic = Traffic(int(time.time()) - 3 * SECONDS - 10, seed=3)
    a, b = cluster.processor("a"), cluster.processor("b")
    expected = 0
    for first, members in ((0, [a, b]), (SECONDS, [a, b, c := cluster.processor("c")]), (2 * SECONDS, [b, c])):
        with cluster.balancer(members) as balancer, client(balancer.port) as send:
            for second in range(first, first + SECONDS):
                for request in traffic.second(second):
                    send(request)
        expected = max(expected, len(members))
    # Who has left goes on until its last windows are closed and sent.
    wait_until(lambda: totals(cluster) == traffic.sent, 30, "all that was sent")
    assert len(cluster.client.query(BY_INSTANCE)) == expected
    assert a.terminate() == 0
