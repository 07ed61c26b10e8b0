"""RED and objectives of a service that sends native histograms to a store that takes them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogram, ExponentialHistogramDataPoint, Metric

from benchmarks.processor.export_client import ExportClient
from reduse.store.client import StoreClient
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS, read
from tests.collector.otlp import CUMULATIVE, SECOND, attributes, export, resource
from tests.collector.stores import PROMETHEUS_3
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.extended]

RULES = PROMETHEUS.parent / "rules"
FACTS = Path(__file__).parents[2] / "company/generated/rules/company.yaml"
SERVICE = "mes-api"
# Requests a second by status, all of about 0.1 s.
RATES = {200: 9, 503: 1}
SCALE = 3
# The bucket that 0.1 s is in: (2^(-27/8), 2^(-26/8)] s.
BUCKET = -27
SECONDS = 35


def requests(start: int, at: int, counts: dict[int, int]) -> Metric:
    points = []
    for status, count in counts.items():
        point = ExponentialHistogramDataPoint(
            start_time_unix_nano=start,
            time_unix_nano=at,
            count=count,
            sum=0.1 * count,
            scale=SCALE,
            attributes=attributes({"http.response.status_code": status, "http.route": "/jobs"}),
        )
        point.positive.offset = BUCKET
        point.positive.bucket_counts.append(count)
        points.append(point)
    return Metric(
        name="http.server.request.duration",
        unit="s",
        exponential_histogram=ExponentialHistogram(data_points=points, aggregation_temporality=CUMULATIVE),
    )


@pytest.fixture(scope="module")
def prometheus(otelcol: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreClient]:
    """After half a minute of such a service."""
    folder = tmp_path_factory.mktemp("native")
    configuration = {
        "global": {"evaluation_interval": "1s"},
        "storage": read(PROMETHEUS)["storage"],
        "rule_files": [str(RULES / "red.yaml"), str(RULES / "objectives.yaml"), str(FACTS)],
    }
    with ExitStack() as stack:
        store = stack.enter_context(servers.prometheus(folder, configuration, binary=PROMETHEUS_3))
        gateway = stack.enter_context(servers.gateway(otelcol, folder, store.url, REDUSE_STORE="prometheus-3"))
        client = stack.enter_context(ExportClient(gateway.port))
        start = time.time_ns()
        for second in range(1, SECONDS + 1):
            time.sleep(max(0.0, (start + second * SECOND - time.time_ns()) / SECOND))
            counts = {status: rate * second for status, rate in RATES.items()}
            client.export(
                export(resource(SERVICE, requests(start, start + second * SECOND, counts), service_instance_id="1"))
            )
        yield stack.enter_context(StoreClient(store.url))


def values(prometheus: StoreClient, query: str, by: str) -> dict[str, float]:
    return {sample.labels.get(by, ""): sample.value for sample in prometheus.query(query)}


def test_requests_by_status(prometheus: StoreClient) -> None:
    found = values(prometheus, f'job_status:http_requests:rate{{job="{SERVICE}"}}', "status")
    assert found == {str(status): pytest.approx(rate, rel=0.05) for status, rate in RATES.items()}


def test_requests_by_route(prometheus: StoreClient) -> None:
    found = values(prometheus, f'sum by (route) (job_route_status:http_requests:rate{{job="{SERVICE}"}})', "route")
    assert found.keys() == {"/jobs"}


def test_latency(prometheus: StoreClient) -> None:
    found = values(prometheus, f'job:http_request_duration_seconds:quantile{{job="{SERVICE}"}}', "quantile")
    assert found == {quantile: pytest.approx(0.1, rel=0.1) for quantile in ("0.5", "0.95", "0.99")}


def test_the_objective_of_availability(prometheus: StoreClient) -> None:
    query = f'job_objective:http_requests_bad:ratio_5m{{job="{SERVICE}",objective="availability"}}'
    wait_until(lambda: bool(prometheus.query(query)), "the ratio of failed requests", 90)
    assert values(prometheus, query, "job") == {SERVICE: pytest.approx(0.1, rel=0.02)}


def test_the_objective_of_latency(prometheus: StoreClient) -> None:
    query = f'job_objective:http_requests_bad:ratio_5m{{job="{SERVICE}",objective="latency"}}'
    wait_until(lambda: bool(prometheus.query(query)), "the ratio of slow requests", 90)
    assert values(prometheus, query, "job") == {SERVICE: pytest.approx(0, abs=0.001)}
