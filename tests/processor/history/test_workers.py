"""Workers on Kafka: each keeps the windows of its partitions, and all folders together have every request once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reduse.history.files import find
from reduse.history.reading import read
from tests import kafka
from tests.processor.exports import SECOND
from tests.processor.kafka.cluster import Cluster
from tests.processor.kafka.sharded import SERVICE, check, have_all, sending, share_all, works_again
from tests.waiting import wait_until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    with kafka.running_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def with_history(folder: Path) -> tuple[str, str]:
    """A worker that keeps one in this folder."""
    return "-c", (
        f"import os; os.environ['REDUSE_PROCESSOR_HISTORY_DIR'] = {str(folder)!r}\n"
        "from reduse.processor.kafka.__main__ import main; main()"
    )


def test_a_worker_that_is_killed_leaves_no_gap_and_nothing_twice(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 4)
    folders = [tmp_path / f"history-{number}" for number in range(3)]
    with ExitStack() as stack:
        begin = [cluster.beginning(*with_history(folder)) for folder in folders[:2]]
        first, second = (stack.enter_context(each) for each in begin)
        wait_until(lambda: share_all([first, second]), "half each")
        with sending(cluster) as load:
            load.wait(20)
            first.kill()
            wait_until(lambda: have_all([second]), "all for who is left")
            works_again(cluster, load, [second])
            third = stack.enter_context(cluster.beginning(*with_history(folders[2])))
            wait_until(lambda: share_all([second, third]), "half each")
            load.wait(20)
        cluster.wait_for(load.sent, [second, third])
        assert [worker.terminate() for worker in (second, third)] == [0, 0]
    check(cluster, load.sent)
    end = load.start + load.seconds
    reading = read(folders, SERVICE, load.start * SECOND, end * SECOND)
    found: Counter[tuple[int, int]] = Counter()
    for batch in reading:
        for start, user, count in zip(batch.rows.seconds, batch.rows.users, batch.rows.counts, strict=True):
            found[int(start), int(user)] += int(count)
    assert found == load.of_users
    assert not reading.gaps
    # In two folders are those that the dead worker had closed since its last snapshot: some, or none (tests/history
    # reads windows that are in two for sure).
    windows = Counter(
        (part.contents.source, int(number))
        for part in find(folders).parts
        for number in part.contents.services[SERVICE].numbers
    )
    assert set(windows.values()) <= {1, 2}


def test_a_worker_without_a_folder_keeps_none(broker: kafka.Broker, tmp_path: Path) -> None:
    cluster = Cluster(broker, tmp_path, 1)
    with cluster.worker() as worker:
        assert "reduse_processor_history" not in worker.get("/metrics")[1]
        assert worker.terminate() == 0
