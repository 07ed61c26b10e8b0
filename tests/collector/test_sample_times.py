"""What Prometheus could never take does not hold up what it can: the real gateway before the real Prometheus."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics

from benchmarks.processor.export_client import ExportClient
from reduse.store.client import StoreClient
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS, read
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
SERIES = "backlog"


class Gateway:
    """The gateway, what it counts, and the Prometheus behind it."""

    def __init__(self, client: ExportClient, url: str, prometheus: StoreClient) -> None:
        self._client = client
        self._url = url
        self._prometheus = prometheus

    def take(self, times: Sequence[int]) -> None:
        """Have it take points of one series, each with its age in minutes as its value. Raises when it refuses."""
        now = time.time_ns()
        points = [NumberDataPoint(time_unix_nano=at, as_double=round((now - at) / MINUTE)) for at in times]
        resource_metrics = ResourceMetrics(
            scope_metrics=[ScopeMetrics(metrics=[Metric(name=SERIES, gauge=Gauge(data_points=points))])]
        )
        resource_metrics.resource.attributes.add(key="service.name").value.string_value = "shop-api"
        self._client.export(ExportMetricsServiceRequest(resource_metrics=[resource_metrics]).SerializeToString())

    def stored(self) -> list[float]:
        """The values that Prometheus has, oldest first."""
        [series] = self._prometheus.get(f"/api/v1/query?query={SERIES}[5h] offset -1h")["result"]
        return [float(value) for _, value in series["values"]]

    def dropped(self) -> float:
        """Points that it says it has left out for their time, by the name and labels that the rules ask for."""
        name = 'reduse_gateway_points_left_out{reason="untimely",service="shop-api"}'
        lines = httpx.get(self._url, timeout=PATIENCE_SECONDS).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


@pytest.fixture(scope="module")
def gateway(otelcol: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Both with the settings of storage and time that are shipped."""
    folder, metrics_port = tmp_path_factory.mktemp("gateway"), free_port()
    with ExitStack() as stack:
        prometheus = stack.enter_context(servers.prometheus(folder, {"storage": read(PROMETHEUS)["storage"]}))
        collector = stack.enter_context(
            servers.gateway(otelcol, folder, prometheus.url, REDUSE_GATEWAY_METRICS_PORT=str(metrics_port))
        )
        client = stack.enter_context(ExportClient(collector.port))
        metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        made = Gateway(client, metrics, stack.enter_context(StoreClient(prometheus.url)))
        # Prometheus counts its window from the newest sample that it has.
        made.take([time.time_ns()])
        yield made


def test_a_backlog_that_is_too_old_is_dropped_and_counted_and_the_rest_of_its_batch_arrives(gateway: Gateway) -> None:
    before = gateway.dropped()
    now = time.time_ns()
    gateway.take([now - 180 * MINUTE, now - 100 * MINUTE, now - SECOND])
    assert gateway.stored() == [100, 0, 0]
    assert gateway.dropped() - before == 1


def test_a_clock_that_is_ahead_does_not_make_everybody_else_too_old(gateway: Gateway) -> None:
    before = gateway.dropped()
    now = time.time_ns()
    gateway.take([now + 180 * MINUTE])
    assert gateway.dropped() - before == 1
    gateway.take([now - 90 * MINUTE])
    assert 90 in gateway.stored()
