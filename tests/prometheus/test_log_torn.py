"""A disk that was full tears a record of Prometheus's log: what was stored since is there after any end of Prometheus.

By itself Prometheus would repair its log by dropping all that follows the torn record.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from reduse.settings.stack import Settings
from reduse.soak.disks import fill
from reduse.stack.store.prometheus import Prometheus
from reduse.store.client import QueryError, StoreClient
from reduse.yaml_text import write_yaml
from tests.ports import free_port
from tests.process import Process
from tests.small_disk import small_disk
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

# So many scrapes of Prometheus itself each second that some record goes over the end of a page, where it can tear.
JOBS = 40
STORED = 3


@contextmanager
def running(store: Prometheus, log: Path) -> Iterator[StoreClient]:
    """It is killed when the block ends."""
    [part] = store.parts()
    with Process(part.command, log, directory=part.directory) as process, StoreClient(store.url) as client:
        process.wait_until(partial(answers, client))
        yield client
        process.kill()


def answers(client: StoreClient) -> bool:
    try:
        return client.scalar("vector(1)") == 1
    except QueryError:
        return False


def since(client: StoreClient, moment: float) -> int:
    """Samples of one series that are newer than that."""
    return round(client.scalar(f'count_over_time((timestamp(up{{job="0"}}) > {moment})[10m:1s])') or 0)


def stored_since(client: StoreClient, moment: float) -> bool:
    return since(client, moment) >= STORED


def failed(store: Prometheus, times: int) -> bool:
    """Whether more writes to the log than that have failed."""
    page = httpx.get(f"{store.url}/metrics", timeout=PATIENCE_SECONDS).text
    [line] = [each for each in page.splitlines() if each.startswith("prometheus_tsdb_wal_writes_failed_total ")]
    return float(line.split()[1]) > times


def test_a_kill_keeps_what_came_after_the_disk_was_full_twice(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, prometheus_port=free_port())
    store, log = Prometheus(settings), tmp_path / "prometheus.log"
    store.directory.mkdir(parents=True)
    jobs = [
        {"job_name": str(number), "static_configs": [{"targets": [f"127.0.0.1:{settings.prometheus_port}"]}]}
        for number in range(JOBS)
    ]
    configuration = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    (store.directory / "prometheus.yml").write_text(write_yaml(configuration))
    with small_disk(settings.data_dir / "prometheus", 64) as disk:
        with running(store, log) as client:
            begun = time.time()
            wait_until(partial(stored_since, client, begun), "samples before")
            for times in (1, 2):
                ballast = disk / "ballast"
                with ballast.open("wb") as file:
                    fill(file.fileno())
                wait_until(partial(failed, store, times * STORED * JOBS), "a full disk")
                ballast.unlink()
                freed = time.time()
                wait_until(partial(stored_since, client, freed), "samples after")
        ended = time.time()
        with running(store, log) as client:
            between = since(client, freed) - since(client, ended)
    assert between >= STORED, log.read_text()
    assert "torn records out of the log" in log.read_text()
