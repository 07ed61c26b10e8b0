"""When nothing can be stored somebody is told, with the cause, by a way that does not need the store."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics

from benchmarks.processor.export_client import ExportClient
from tests.collector import pipeline as pipelines
from tests.collector import servers
from tests.collector.otlp import counter, export, resource
from tests.ports import free_port
from tests.server import Server
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        shutil.which("prometheus") is None or shutil.which("prometheus-alertmanager") is None,
        reason="no prometheus or prometheus-alertmanager on PATH: install the packages",
    ),
]

MILLISECOND = 1_000_000
# Two minutes is what is promised.
TOLD_SECONDS = 120.0


def alertmanager(folder: Path) -> Server:
    configuration = folder / "alertmanager.yml"
    configuration.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", encoding="utf-8")
    command = [
        "prometheus-alertmanager",
        f"--config.file={configuration}",
        f"--storage.path={folder / 'alertmanager'}",
        "--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    return Server(command, {}, folder / "alertmanager.log")


def told(address: Server) -> list[dict[str, Any]]:
    """The alerts that Alertmanager holds for active."""
    found: list[dict[str, Any]] = httpx.get(f"{address.url}/api/v2/alerts?active=true", timeout=PATIENCE_SECONDS).json()
    return found


def is_told(address: Server, cause: str) -> Callable[[], bool]:
    return lambda: any(
        alert["labels"]["alertname"] == "StoreNotTaking" and cause in alert["annotations"]["description"]
        for alert in told(address)
    )


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 64 MiB. Skips where it cannot be mounted."""
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("no file system can be mounted here: run the tests as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Write until nothing fits any more."""
    with path.open("wb") as filling, suppress(OSError):
        while True:
            filling.write(bytes(1 << 20))
            filling.flush()


def send(client: ExportClient) -> bool:
    """Five hundred samples, whether or not they are taken; true."""
    now = time.time_ns()
    metrics = [
        Metric(name=f"m{number}", gauge=Gauge(data_points=[NumberDataPoint(time_unix_nano=now, as_double=number)]))
        for number in range(500)
    ]
    resource_metrics = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    resource_metrics.resource.attributes.add(key="service.name").value.string_value = "shop-api"
    with suppress(RuntimeError):
        client.export(ExportMetricsServiceRequest(resource_metrics=[resource_metrics]).SerializeToString())
    return True


@pytest.mark.timeout(400)
def test_a_store_that_is_away_is_told_and_so_is_its_return(otelcol: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        receiver = stack.enter_context(alertmanager(tmp_path))
        store = servers.prometheus(tmp_path, {})
        stack.enter_context(store)
        stack.enter_context(servers.gateway(otelcol, tmp_path, store.url, REDUSE_ALERTMANAGER_URL=receiver.url))
        time.sleep(3)
        store.stop()
        wait_until(is_told(receiver, "connection refused"), "the alert that the store is away", TOLD_SECONDS)
        store.start()
        wait_until(lambda: not told(receiver), "the end of the alert")


@pytest.mark.timeout(400)
def test_a_full_disk_is_told_as_the_cause(otelcol: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tmp_path / "disk"))
        receiver = stack.enter_context(alertmanager(tmp_path))
        store = stack.enter_context(servers.prometheus(disk, {}))
        gateway = stack.enter_context(
            servers.gateway(otelcol, tmp_path, store.url, REDUSE_ALERTMANAGER_URL=receiver.url)
        )
        fill(disk / "filling")
        # The last page of a file still takes a few samples.
        sending = stack.enter_context(ExportClient(gateway.port))
        full = is_told(receiver, "no space left on device")
        wait_until(lambda: send(sending) and full(), "the alert that the disk is full", TOLD_SECONDS)
        (disk / "filling").unlink()
        wait_until(lambda: not told(receiver), "the end of the alert")


def test_the_gateway_starts_without_anybody_to_tell(otelcol: Path, tmp_path: Path) -> None:
    with servers.gateway(otelcol, tmp_path, f"http://127.0.0.1:{free_port()}", REDUSE_ALERTMANAGER_URL="") as gateway:
        assert gateway.port


@pytest.mark.timeout(300)
def test_an_outage_is_a_few_lines_of_each_log_and_costs_no_sample(otelcol: Path, tmp_path: Path) -> None:
    """A hundred exports meet it."""
    with ExitStack() as stack:
        pipeline = stack.enter_context(pipelines.running(otelcol, tmp_path))
        client = stack.enter_context(ExportClient(pipeline.agent.port))
        begun, sent = time.time_ns() // MILLISECOND * MILLISECOND, dict[int, float]()

        def go_on(exports: int) -> None:
            for _ in range(exports):
                now = time.time_ns() // MILLISECOND * MILLISECOND
                sent[now // MILLISECOND] = len(sent) + 1
                client.export(
                    export(resource("shop-api", counter("c", begun, now, len(sent)), service_instance_id="1"))
                )
                time.sleep(0.1)

        go_on(10)
        before = [lines(part) for part in (pipeline.agent, pipeline.gateway)]
        pipeline.store.stop()
        go_on(100)
        during = [lines(part) - count for part, count in zip((pipeline.agent, pipeline.gateway), before, strict=True)]
        pipeline.store.start()
        pipeline.store.wait_until_listening()
        wait_until(lambda: not pipeline.waiting(), "the end of the backlog")
        go_on(1)
        wait_until(lambda: not pipeline.waiting(), "the end of what waits")
        [stored] = pipeline.samples('c_total{job="shop-api"}').values()
        assert stored == {begun // MILLISECOND: 0.0} | sent
        assert all(1 <= count <= 5 for count in during), during
        assert "(it has ended)" in pipeline.gateway.output()


def lines(part: Server) -> int:
    """Entries of its log; the lines of a stack trace are part of theirs."""
    return sum(line[:2] == "20" for line in part.output().splitlines())
