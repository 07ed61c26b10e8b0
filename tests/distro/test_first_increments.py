"""What a service counts once is an increase in Prometheus, though the series was not there before."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reduse.store.client import StoreClient
from tests.collector import servers
from tests.collector.conftest import otelcol
from tests.distro.service import Service
from tests.waiting import wait_until

__all__ = ["otelcol"]

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

COUNT = "http_server_request_duration_seconds_count"
ROUTES = ["/unavailable", "/fails", "/plain", "/api/v1/items/3", "/sub/inner/5"]


@pytest.fixture(scope="module")
def prometheus(otelcol: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreClient]:
    """What has come of a service whose routes are each asked for once, one after the other."""
    folder = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        server = stack.enter_context(servers.prometheus(folder, {}))
        gateway = stack.enter_context(servers.gateway(otelcol, folder, server.url))
        client = stack.enter_context(StoreClient(server.url))
        # The gateway takes what the agent sends, which is gRPC.
        grpc = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
        with Service(gateway.url, OTEL_METRIC_EXPORT_INTERVAL="1000", **grpc) as service:
            for route in ROUTES:
                service.get(route)
                time.sleep(1.1)
        wait_until(lambda: _sum(client, COUNT) == len(ROUTES), "the arrival of all requests in Prometheus")
        yield client


def _sum(client: StoreClient, expression: str) -> float:
    result = client.get(f"/api/v1/query?query=sum({expression})")["result"]
    return float(result[0]["value"][1]) if result else 0


@pytest.mark.parametrize("route", ["/unavailable", "/fails", "/plain", "/api/v1/items/{item_id}"])
def test_each_series_rises_from_0_to_1(prometheus: StoreClient, route: str) -> None:
    (series,) = prometheus.get(f'/api/v1/query?query={COUNT}{{http_route="{route}"}}[5m]')["result"]
    values = [float(value) for _, value in series["values"]]
    assert values == [0.0, *[1.0] * (len(values) - 1)]
    assert len(values) > 1


def test_what_happened_once_is_seen_by_increase(prometheus: StoreClient) -> None:
    """Prometheus extends it to the window's edges, which can only make it a little more."""
    assert _sum(prometheus, f"increase({COUNT}[5m])") >= len(ROUTES)
    assert _sum(prometheus, f'increase({COUNT}{{http_response_status_code=~"5.."}}[5m])') >= 2


def test_buckets_rise_from_0_too(prometheus: StoreClient) -> None:
    bucket = 'http_server_request_duration_seconds_bucket{le=~".Inf"}'
    assert _sum(prometheus, f"max_over_time({bucket}[5m])") == len(ROUTES)
    assert _sum(prometheus, f"min_over_time({bucket}[5m])") == 0
