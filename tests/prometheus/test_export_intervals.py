"""Rates, latency, CPU and users of services with different intervals, on the real gateway, processor and Prometheus."""

import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.prometheus.exporting import CPU, RATE, SAMPLE_AGE, USERS, ExportingService, watched

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

INTERVALS = (1.0, 5.0, 10.0, 15.0, 30.0, 60.0)
SETTLING = 3.0
"""Seconds from the second export on: on its way, and until the rules of each second have found it."""
SECONDS = 185.0
"""All services are asked about until then: the slowest has sent for a third time."""
QUESTION_SECONDS = 1.7
"""Between two questions: in step with no interval."""

QUERIES = {
    "requests": 'sum(job_status:http_requests:rate{job="NAME"})',
    "latency": 'job:http_request_duration_seconds:quantile{job="NAME",quantile="0.95"}',
    "cpu": 'job_instance:cpu_seconds:rate{job="NAME"}',
    **{user: f'service_user:user_requests:rate{{service="NAME",user="{user}"}}' for user in USERS},
    "everybody": 'sum(service_user:user_requests:rate{service="NAME"})',
}
OLDEST = f'max(max_over_time({SAMPLE_AGE}{{{{job="{{job}}"}}}}[{{seconds}}s]))'
"""Seconds of the oldest newest sample that an evaluation behind today's answers can have seen."""
QUANTILE_SECONDS = 0.095
"""Of requests that are all in the bucket up to 0.1 s."""
SHORTEST_WINDOW_SECONDS = 15
RARE_SECONDS = 3.0
"""Users of a service that exports less often are recorded by a group of rules of its own."""
RARE_EVALUATION_SECONDS = 5.0
ON_TIME = 1.1
"""In intervals: where the newest sample is older, rate() adds half of an interval up to the window's end and not all
of it (Prometheus, extrapolatedRate), and is right only for a counter that has just stopped. A busy machine is late."""
MOSTLY = 0.25
"""Of all answers, at least, have to be on time."""
DELIVERY_SECONDS = 1.0
"""From an export to its samples in the store."""


@dataclass(frozen=True)
class Answer:
    """What was answered when the service had run for `age` seconds; None: nothing."""

    age: float
    value: float | None
    on_time: bool
    """Whether each group of rules had every export as soon as Prometheus' rate() expects it."""


Answers = dict[str, dict[str, list[Answer]]]
"""By service and query."""


@pytest.fixture(scope="module")
def answers(otelcol: Path, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """To each question after two exports."""
    services = [ExportingService(f"each-{interval:g}-s", interval) for interval in INTERVALS]
    asked: Answers = {each.name: {query: [] for query in QUERIES} for each in services}
    with watched(services, otelcol, tmp_path_factory.mktemp("intervals")) as prometheus:
        end = time.time() + SECONDS
        while time.time() < end:
            for each in services:
                if len(each.exports) >= 2 and time.time() > each.exports[1] + SETTLING:
                    oldest = prometheus.scalar(
                        OLDEST.format(job=each.name, seconds=math.ceil(min(20, max(3, 1.5 * each.interval))))
                    )
                    on_time = oldest is not None and oldest <= ON_TIME * each.interval
                    for name, query in QUERIES.items():
                        value = prometheus.scalar(query.replace("NAME", each.name))
                        asked[each.name][name].append(Answer(time.time() - each.start, value, on_time))
            time.sleep(QUESTION_SECONDS)
    return asked


def values(found: list[Answer]) -> list[float]:
    return [answer.value for answer in found if answer.value is not None]


each_service = pytest.mark.parametrize("service", [f"each-{interval:g}-s" for interval in INTERVALS])


@each_service
@pytest.mark.parametrize("query", QUERIES)
def test_each_question_has_an_answer(answers: Answers, service: str, query: str) -> None:
    found = answers[service][query]
    assert found
    assert [answer for answer in found if answer.value is None] == []


@each_service
@pytest.mark.parametrize(("query", "expected"), {"requests": RATE, "cpu": CPU, "latency": QUANTILE_SECONDS}.items())
def test_each_answer_is_right(answers: Answers, service: str, query: str, expected: float) -> None:
    found = answers[service][query]
    on_time = [answer for answer in found if answer.on_time]
    assert len(on_time) >= MOSTLY * len(found), found
    assert [answer for answer in on_time if answer.value != pytest.approx(expected, rel=0.02)] == []
    assert median(values(found)) == pytest.approx(expected, rel=0.02)


def _sent(age: float, interval: float) -> float:
    """Seconds of complete exports, without the first one, that the newest evaluation at this age has seen."""
    seen = age if interval < RARE_SECONDS else age - RARE_EVALUATION_SECONDS - DELIVERY_SECONDS
    return min(interval * (seen // interval) - 1, SHORTEST_WINDOW_SECONDS)


@each_service
@pytest.mark.parametrize("user", USERS)
def test_a_users_rate_is_its_own(answers: Answers, service: str, user: str) -> None:
    """But for a second, or a request, at either end of the window: first and newest are not there as a whole."""
    found, rate = answers[service][user], USERS[user]
    interval = float(service.split("-")[1])
    # Whole seconds that have been sent: those of complete exports, without the first one.
    ends = [(answer, 2 * max(1.0, rate) / _sent(answer.age, interval)) for answer in found if answer.on_time]
    assert [answer for answer, most in ends if answer.value != pytest.approx(rate, abs=most)] == []
    assert median(values(found)) == pytest.approx(rate, abs=1.1 / SHORTEST_WINDOW_SECONDS)


@each_service
def test_users_add_up_to_all_requests(answers: Answers, service: str) -> None:
    """But for the seconds of the process' start and of its newest export, which are no whole ones."""
    found = answers[service]
    assert median(values(found["everybody"])) == pytest.approx(median(values(found["requests"])), rel=0.04)
