"""The disk of the broker's log is full: the broker ends. It is told, and nothing is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests import kafka
from tests.processor.kafka.cluster import Cluster
from tests.processor.kafka.sharded import check, sending
from tests.processor.process import Running
from tests.small_disk import small_disk
from tests.waiting import wait_until

pytestmark = pytest.mark.server

MEBIBYTES = 64
BLOCK = bytes(2**16)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own for the broker's data, in memory."""
    with small_disk(tmp_path / "data" / "kafka", MEBIBYTES) as folder:
        yield folder


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(BLOCK)
    return ballast


def is_logged(worker: Running, line: str) -> bool:
    return line in worker.log.read_text()


def test_a_full_disk_is_told_and_nothing_is_lost_or_counted_twice(disk: Path, tmp_path: Path) -> None:
    with kafka.running_broker(tmp_path) as broker:
        cluster = Cluster(broker, tmp_path, 2)
        with cluster.worker(SNAPSHOT_INTERVAL_SECONDS="1") as worker:
            with sending(cluster) as load:
                load.wait(20)
                ballast = fill(disk)
                wait_until(broker.ended, "the broker's end")
                # KafkaPartitionsNotTaken fires by it.
                wait_until(lambda: worker.metric("reduse_processor_kafka_partitions") == 0, "that it has no partition")
                assert worker.get("/readyz")[0] == 503
                for line in ("Kafka: _ALL_BROKERS_DOWN", "partitions were lost"):
                    wait_until(partial(is_logged, worker, line), line)
                # Started again, as its supervisor does, it ends again.
                broker.launch()
                wait_until(broker.ended, "its end once more")
                load.wait(20)
                ballast.unlink()
                broker.start()
                cluster.wait_for(load.sent, [worker])
                wait_until(lambda: worker.answers("/readyz"), "readiness")
                load.wait(20)
                assert worker.metric("reduse_processor_kafka_lost_total") == 0
            cluster.wait_for(load.sent, [worker])
            assert worker.terminate() == 0
        check(cluster, load.sent)
