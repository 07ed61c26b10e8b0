"""Rates, latency, CPU and users of services with different intervals, on the real gateway, processor and Prometheus."""

import shutil
import time
from pathlib import Path
from statistics import median

import pytest

from reduse.operation.query import PrometheusClient
from tests.ports import wait_until
from tests.prometheus.exporting import CPU, RATE, USERS, ExportingService, watched

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

INTERVALS = (1.0, 10.0)
SETTLING = 6.0
"""Seconds from the second export on: the rules for longer windows are evaluated each five."""
QUESTIONS = 25
"""One a second: more than two exports of the slower service."""

QUERIES = {
    "requests": 'sum(job_status:http_requests:rate{job="NAME"})',
    "latency": 'job:http_request_duration_seconds:quantile{job="NAME",quantile="0.95"}',
    "cpu": 'job_instance:cpu_seconds:rate{job="NAME"}',
    **{user: f'service_user:user_requests:rate{{service="NAME",user="{user}"}}' for user in USERS},
    "everybody": 'sum(service_user:user_requests:rate{service="NAME"})',
}

Answers = dict[str, dict[str, list[float]]]
"""By service and query."""


@pytest.fixture(scope="module")
def answers(otelcol: Path, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What was answered to each question after two exports."""
    services = [ExportingService(f"each-{interval:g}-s", interval) for interval in INTERVALS]
    with watched(services, otelcol, tmp_path_factory.mktemp("intervals")) as prometheus:
        slowest = services[-1]
        wait_until(lambda: len(slowest.exports) >= 2, 4 * slowest.interval, "the second export")
        time.sleep(SETTLING)
        asked: Answers = {each.name: {query: [] for query in QUERIES} for each in services}
        for _ in range(QUESTIONS):
            for each in services:
                for name, query in QUERIES.items():
                    asked[each.name][name] += _answer(prometheus, query.replace("NAME", each.name))
            time.sleep(1)
    return asked


def _answer(prometheus: PrometheusClient, query: str) -> list[float]:
    return [sample.value for sample in prometheus.query(query)]


each_service = pytest.mark.parametrize("service", [f"each-{interval:g}-s" for interval in INTERVALS])


@each_service
@pytest.mark.parametrize("query", QUERIES)
def test_each_question_has_an_answer(answers: Answers, service: str, query: str) -> None:
    assert len(answers[service][query]) == QUESTIONS


@each_service
def test_rates_are_the_mean_that_they_say(answers: Answers, service: str) -> None:
    found = answers[service]
    assert median(found["requests"]) == pytest.approx(RATE, rel=0.02)
    assert median(found["cpu"]) == pytest.approx(CPU, rel=0.05)
    for user, rate in USERS.items():
        # Of the 15 s of the shortest window one request more or less.
        assert median(found[user]) == pytest.approx(rate, abs=1.1 / 15)


@each_service
def test_users_add_up_to_all_requests(answers: Answers, service: str) -> None:
    """But for the seconds of the process' start and of its newest export, which are no whole ones."""
    found = answers[service]
    assert median(found["everybody"]) == pytest.approx(median(found["requests"]), rel=0.06)
