"""Several workers end at once, or while others take their place: each request counts once, and the rest go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import kafka
from tests.processor.kafka.cluster import Cluster
from tests.processor.kafka.sharded import check, have_all, partitions, sending, share_all, works_again
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server


# A worker that needs a while for what it has to count again.
SLOW = """
import time
from reduse.processor.core.engine import Engine
apply = Engine._apply
def slow(engine, export, now, outcome):
    time.sleep(0.02)
    apply(engine, export, now, outcome)
Engine._apply = slow
from reduse.processor.kafka.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    with kafka.running_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def test_two_workers_of_four_are_killed_at_once_under_load(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 4)
    with ExitStack() as stack:
        workers = [stack.enter_context(cluster.beginning(SNAPSHOT_INTERVAL_SECONDS="1")) for _ in range(4)]
        wait_until(lambda: share_all(workers), "as many for each")
        with sending(cluster) as load:
            load.wait(20)
            for worker in workers[:2]:
                worker.process.kill()
            left = workers[2:]
            wait_until(lambda: have_all(left), "all for who is left")
            works_again(cluster, load, left)
            load.wait(20)
        cluster.wait_for(load.sent, left)
        assert [worker.terminate() for worker in left] == [0, 0]
    check(cluster, load.sent)


def test_one_worker_becomes_four_and_then_two_under_load(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 4)
    with ExitStack() as stack:
        workers = [stack.enter_context(cluster.worker())]
        with sending(cluster) as load:
            load.wait(20)
            workers += [stack.enter_context(cluster.beginning()) for _ in range(3)]
            wait_until(lambda: share_all(workers), "as many for each")
            works_again(cluster, load, workers)
            load.wait(20)
            for worker in workers[2:]:
                worker.process.terminate()
            assert [worker.process.wait(PATIENCE_SECONDS) for worker in workers[2:]] == [0, 0]
            left = workers[:2]
            wait_until(lambda: share_all(left), "half each")
            works_again(cluster, load, left)
            load.wait(20)
        cluster.wait_for(load.sent, left)
        assert [worker.terminate() for worker in left] == [0, 0]
    check(cluster, load.sent)


def test_partitions_change_hands_while_they_are_counted_again(broker: kafka.Broker, tmp_path: Path) -> None:
    """Who has just been given all partitions shares them with two others, and is killed while these begin."""
    cluster = Cluster(broker, tmp_path, 4)
    with ExitStack() as stack:
        first = stack.enter_context(cluster.worker())
        with sending(cluster) as load:
            # No snapshot is written meanwhile: all of it is to be counted again.
            load.wait(60)
            works_again(cluster, load, [first])
            first.kill()
            second = stack.enter_context(cluster.beginning("-c", SLOW))
            wait_until(lambda: partitions(second) > 0, "the second's partitions")
            others = [stack.enter_context(cluster.beginning()) for _ in range(2)]
            wait_until(lambda: any(partitions(each) > 0 for each in others), "a share of them")
            second.kill()
            works_again(cluster, load, others)
            assert sum(each.metric("reduse_processor_kafka_replayed_total") for each in others) > 0
        cluster.wait_for(load.sent, others)
        wait_until(lambda: have_all(others), "their partitions")
        assert [worker.terminate() for worker in others] == [0, 0]
    check(cluster, load.sent)
