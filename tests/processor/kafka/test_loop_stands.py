"""A worker whose loop stands while its page answers: to the group it is there, and it says by itself that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import kafka
from tests.processor.kafka.cluster import Cluster
from tests.processor.kafka.sharded import PARTITIONS, check, have_all, sending
from tests.waiting import wait_until

pytestmark = pytest.mark.server

# A worker that a busy machine lets wait for longer would be put out of its group.
SESSION_SECONDS = 20
REBALANCES = "reduse_processor_kafka_rebalances_total"

# A worker with a plug-in that does not come back as long as a file is there.
HANGING = """
import os
import time
from pathlib import Path
from reduse.plugin import Processor
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.kafka import __main__ as worker
class Hanging(Processor):
    name = "hanging"
    def process(self, window):
        while Path(os.environ["TEST_HANGS"]).exists():
            time.sleep(0.1)
        return ()
worker.installed = lambda: (*BUILT_IN, Hanging)
worker.main()
"""


def test_a_worker_that_hangs_is_not_ready_and_shows_for_how_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = tmp_path / "hangs"
    monkeypatch.setenv("TEST_HANGS", str(hangs))
    with kafka.running_broker(tmp_path / "broker") as broker:
        cluster = Cluster(broker, tmp_path, 2)
        with cluster.worker("-c", HANGING, SESSION_TIMEOUT_SECONDS=str(SESSION_SECONDS)) as worker:
            with sending(cluster) as load:
                load.wait(10)
                wait_until(lambda: have_all([worker]), "its partitions")
                rebalances = worker.metric(REBALANCES)
                # KafkaWorkerHangs fires by it.
                assert worker.metric("reduse_processor_kafka_loop_age_seconds") < SESSION_SECONDS
                hangs.touch()
                wait_until(lambda: worker.get("/readyz")[0] == 503, "that it is not ready")
                assert worker.metric("reduse_processor_kafka_loop_age_seconds") >= SESSION_SECONDS
                assert worker.get("/healthz")[0] == 200
                # To the group it is there all the time.
                assert worker.metric(PARTITIONS) == worker.metric("reduse_processor_kafka_topic_partitions")
                hangs.unlink()
                wait_until(lambda: worker.answers("/readyz"), "that it is ready again")
            cluster.wait_for(load.sent, [worker])
            assert worker.metric(REBALANCES) == rebalances
            assert worker.terminate() == 0
        check(cluster, load.sent)
