"""Scraped or pushed: Prometheus has the same series of a service."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.collector import servers
from tests.distro.servers import Server
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

APPLICATION = ["uvicorn", "tests.distro.export.pull.every_kind_app:app", "--port={port}"]
REQUESTS = 20

# These are about the way itself.
OF_THE_GATEWAY = ("reduse_export_interval_seconds", "reduse_totals_start_seconds")
OF_THE_WAY = (*OF_THE_GATEWAY, "reduse_distro_", "scrape_", "up", "target_info")
OF_A_JOB = ("job", "instance", "otel_scope_name")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory, otelcol: Path) -> Iterator[dict[str, dict[Any, float]]]:
    """What Prometheus has of a service that was scraped and of one that pushed, after the same requests."""
    folder, page = tmp_path_factory.mktemp("prometheus"), free_port()
    configuration = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "scraped", "static_configs": [{"targets": [f"127.0.0.1:{page}"]}]}],
    }
    with ExitStack() as stack:
        prometheus = stack.enter_context(servers.prometheus(folder, configuration))
        gateway = stack.enter_context(servers.gateway(otelcol, folder, prometheus.url))
        # The gateway takes what the agent sends, which is gRPC.
        pushed = Server(gateway.url, APPLICATION, OTEL_SERVICE_NAME="pushed", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        scraped = Server("", APPLICATION, OTEL_METRICS_EXPORTER="prometheus", OTEL_EXPORTER_PROMETHEUS_PORT=str(page))
        for service in (pushed, scraped):
            stack.enter_context(service)
            service.get("/plain", REQUESTS)
        found: dict[str, dict[Any, float]] = {}

        def all_has_come() -> bool:
            found.update({job: _series(prometheus.url, job) for job in ("pushed", "scraped")})
            return all(_requests(of_job) == REQUESTS and _is_second(of_job) for of_job in found.values())

        wait_until(all_has_come, "the arrival of all requests in Prometheus, and of a second export")
        yield found


def _series(prometheus_url: str, job: str) -> dict[Any, float]:
    """Value by name and labels, without those that tell one job from another, and the scope: the gateway names it."""
    reply = httpx.get(f"{prometheus_url}/api/v1/query", params={"query": f'{{job="{job}"}}'}, timeout=PATIENCE_SECONDS)
    if reply.status_code != httpx.codes.OK:
        return {}
    found = {}
    for result in reply.json()["data"]["result"]:
        labels = {name: value for name, value in result["metric"].items() if name not in OF_A_JOB}
        if "le" in labels:
            # 1 and 1.0 are the same bound.
            labels["le"] = str(float(labels["le"]))
        if not labels["__name__"].startswith(OF_THE_WAY):
            found[frozenset(labels.items())] = float(result["value"][1])
    return found


def _requests(series: dict[Any, float]) -> float:
    name = ("__name__", "http_server_request_duration_seconds_count")
    return sum(value for labels, value in series.items() if name in labels)


def _is_second(series: dict[Any, float]) -> bool:
    """Whether there is what is only known from the second export on."""
    return any(("__name__", "process_cpu_utilization_ratio") in labels for labels in series)


def test_the_names_of_a_scraped_service_are_those_of_one_that_pushes(series: dict[str, dict[Any, float]]) -> None:
    pushed, scraped = ({dict(labels)["__name__"] for labels in series[job]} for job in ("pushed", "scraped"))
    assert pushed == scraped
    assert {
        "http_server_active_requests",
        "http_server_request_duration_seconds_bucket",
        "http_server_request_duration_seconds_count",
        "http_server_request_duration_seconds_sum",
        "process_cpu_time_seconds_total",
        "process_memory_usage_bytes",
    } <= scraped


def test_labels_and_counts_are_the_same(series: dict[str, dict[Any, float]]) -> None:
    pushed, scraped = (
        {labels: value for labels, value in series[job].items() if _follows_requests(dict(labels)["__name__"])}
        for job in ("pushed", "scraped")
    )
    assert pushed.keys() == scraped.keys()
    counts = [labels for labels in pushed if dict(labels)["__name__"].endswith(("_count", "_total"))]
    assert {labels: pushed[labels] for labels in counts} == {labels: scraped[labels] for labels in counts}
    assert {dict(labels)["__name__"] for labels in counts} == {
        "db_client_connection_count",
        "db_client_operation_duration_seconds_count",
        "db_client_response_returned_rows_count",
        "http_server_request_duration_seconds_count",
        "messaging_client_sent_messages_total",
    }


def _follows_requests(name: str) -> bool:
    """And not the process itself, of which no two are alike."""
    return name.startswith(("db_", "http_", "messaging_"))
