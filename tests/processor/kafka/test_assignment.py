"""A worker is given partitions by brokers that then do not answer: it waits, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import kafka
from tests.processor.exports import SECOND, export
from tests.processor.kafka.cluster import Cluster
from tests.processor.process import Running

pytestmark = pytest.mark.server

# A worker that does not ask where its partitions begin before the brokers stand still.
ASKING = """
import os
import time
from pathlib import Path
from reduse.processor.kafka import __main__ as worker
from reduse.processor.kafka.assignment import Restorer
assigned = Restorer.assigned
def asked(*arguments):
    Path(os.environ["TEST_ASKING"]).touch()
    while not Path(os.environ["TEST_STILL"]).exists():
        time.sleep(0.02)
    return assigned(*arguments)
Restorer.assigned = asked
worker.main()
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[kafka.Broker]:
    with kafka.running_broker(tmp_path / "broker") as running:
        yield running


@contextmanager
def given_partitions(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Running, Path]]:
    """A worker that has been given its partitions, and the file that lets it ask where they begin."""
    asking, still = cluster.folder / "asking", cluster.folder / "still"
    monkeypatch.setenv("TEST_ASKING", str(asking))
    monkeypatch.setenv("TEST_STILL", str(still))
    with cluster.beginning("-c", ASKING) as worker:
        worker.process.wait_until(asking.exists)
        yield worker, still


@contextmanager
def standing_still(broker: kafka.Broker, still: Path) -> Iterator[None]:
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        still.touch()
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def test_told_to_stop_it_ends_as_if_it_had_been_given_nothing(
    broker: kafka.Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(broker, tmp_path, 2)
    with given_partitions(cluster, monkeypatch) as (worker, still), standing_still(broker, still):
        assert worker.terminate() == 0, worker.process.output()


def test_it_goes_on_when_they_answer_though_the_group_has_given_it_up(
    broker: kafka.Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(broker, tmp_path, 2)
    begin = (time.time_ns() // SECOND - 60) * SECOND
    for partition in range(2):
        cluster.send(partition, export(begin, begin + SECOND, {f"{partition:016x}": 3}))
    cluster.flush()
    with given_partitions(cluster, monkeypatch) as (worker, still):
        with standing_still(broker, still):
            # Longer than the session of the group.
            time.sleep(8)
        worker.process.wait_until(lambda: worker.answers("/readyz"))
        cluster.wait_for(6, [worker])
        assert worker.terminate() == 0
    assert cluster.requests().total() == 6
