"""Traces when they are wanted: contrib's instrumentations make the spans, ours the metrics; else no span at all."""

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.distro.backends import running_backends
from tests.distro.servers import Server
from tests.otlp_receiver import OtlpReceiver, Received, ReceivedExemplar
from tests.otlp_traces import ReceivedSpan, TraceReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
ORDERS = 2
PATHS = {
    "/plain": "/plain",
    "/mounted/plain": "/mounted/plain",
    "/native/plain": "/native/plain",
    "/starlette/things/4": "/starlette/things/{key}",
    "/starlette/things/4?fail=1": "/starlette/things/{key}",
    "/fails": "/fails",
    "/stream": "/stream",
    "/nowhere": None,
}
REQUESTS = len(PATHS) + ORDERS + 1


@pytest.fixture(scope="module")
def dependencies() -> Iterator[dict[str, str]]:
    """Where a real database and a real broker are, as the application's variables."""
    with running_backends() as variables:
        yield variables


class Run:
    """What arrived from one run of the application, with one request of each kind."""

    def __init__(self, variables: dict[str, str]) -> None:
        with OtlpReceiver() as metrics, TraceReceiver() as traces:
            command = ["uvicorn", "tests.distro.traced_app:app", "--port={port}", "--no-access-log"]
            variables = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces.endpoint} | variables
            with Server(metrics.endpoint, command, **variables) as service:
                for path in PATHS:
                    httpx.get(service.url + path, timeout=PATIENCE_SECONDS)
                for _ in range(ORDERS):
                    assert httpx.post(f"{service.url}/orders", timeout=PATIENCE_SECONDS).status_code == 200
                assert httpx.get(f"{service.url}/orders/consumed", timeout=PATIENCE_SECONDS).status_code == 200
                self.made = httpx.get(f"{service.url}/spans", timeout=PATIENCE_SECONDS).json()
            self.output = service.output
            self.metrics = metrics
            self.spans = [span for span in traces.spans() if span.name != "GET /spans"]

    def kinds(self) -> Counter[str]:
        return Counter(span.kind for span in self.spans)

    def of_kind(self, kind: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.kind == kind]

    def exemplars(self) -> list[tuple[Received, ReceivedExemplar]]:
        points = [point for point in self.metrics.named(DURATION) if point.attributes.get("http.route") != "/spans"]
        return [(point, exemplar) for point in points for exemplar in point.exemplars]


@pytest.fixture(scope="module")
def traced(dependencies: dict[str, str]) -> Run:
    return Run({"OTEL_TRACES_EXPORTER": "otlp"} | dependencies)


@pytest.fixture(scope="module")
def traced_by_fastapi(dependencies: dict[str, str]) -> Run:
    """Without contrib's instrumentation of the web framework."""
    disabled = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "fastapi,starlette"}
    return Run({"OTEL_TRACES_EXPORTER": "otlp"} | disabled | dependencies)


def test_no_span_is_made_where_no_exporter_takes_it(dependencies: dict[str, str]) -> None:
    """Neither by FastAPI, which has telemetry of its own, nor for the database or the broker."""
    run = Run(dependencies)
    assert run.made == {"made": 0, "provider": "ProxyTracerProvider"}
    assert run.spans == []
    assert run.exemplars() == []
    assert run.metrics.total(DURATION) == REQUESTS + 1
    assert run.metrics.total("messaging.client.sent.messages") == ORDERS


def test_the_last_spans_go_out_also_where_nothing_is_measured() -> None:
    """An interval of a minute: what arrives was sent because the service was ending."""
    with TraceReceiver() as traces:
        variables = {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "60000",
        }
        command = ["uvicorn", "tests.distro.example_app:app", "--port={port}", "--no-access-log"]
        with Server("http://127.0.0.1:1", command, **variables) as service:
            for _ in range(3):
                httpx.get(f"{service.url}/plain", timeout=PATIENCE_SECONDS)
        assert [span.name for span in traces.spans()] == ["GET /plain"] * 3


def test_a_request_has_one_server_span_by_contrib_and_one_count(traced: Run) -> None:
    server = traced.of_kind("SERVER")
    assert len(server) == REQUESTS
    assert {span.scope for span in server} == {"opentelemetry.instrumentation.fastapi"}
    assert len({span.trace_id for span in server}) == REQUESTS
    assert traced.metrics.total(DURATION) == REQUESTS + 1
    assert "pip install" not in traced.output


def test_the_spans_are_counted_where_they_are_made(traced: Run) -> None:
    """What shows that the count of none is one."""
    assert traced.made["provider"] == "_OfferedTracerProvider"
    assert traced.made["made"] == len(traced.spans) + 1


def test_there_is_no_span_for_each_message_of_a_response(traced: Run) -> None:
    assert not [span for span in traced.spans if span.name.endswith(("http send", "http receive"))]


def test_a_message_has_one_producer_span_and_one_consumer_span_in_its_trace(traced: Run) -> None:
    kinds = traced.kinds()
    assert (kinds["PRODUCER"], kinds["CONSUMER"], kinds["CLIENT"]) == (ORDERS, ORDERS, ORDERS)
    orders = {span.trace_id for span in traced.of_kind("SERVER") if span.name == "POST /orders"}
    assert {span.trace_id for kind in ("PRODUCER", "CONSUMER", "CLIENT") for span in traced.of_kind(kind)} == orders


@pytest.mark.parametrize("run", ["traced", "traced_by_fastapi"])
def test_each_request_is_named_by_an_exemplar_of_its_series_and_bucket(
    run: str, request: pytest.FixtureRequest
) -> None:
    """Those of one interval that fell into one bucket are named by the latest: two orders may share one."""
    seen: Run = request.getfixturevalue(run)
    spans = {(span.trace_id, span.span_id): span for span in seen.of_kind("SERVER")}
    exemplars = seen.exemplars()
    assert REQUESTS - 2 <= len(exemplars) <= REQUESTS
    assert len({exemplar.trace_id for _, exemplar in exemplars}) == len(exemplars)
    for point, exemplar in exemplars:
        assert (exemplar.trace_id, exemplar.span_id) in spans
        below = [bound for bound in point.bounds if bound < exemplar.value]
        assert point.bucket_counts[len(below)] > 0
        assert exemplar.time > point.start
    assert {point.attributes.get("http.route") for point, _ in exemplars} >= set(PATHS.values())
    assert {point.attributes.get("http.response.status_code") for point, _ in exemplars} == {200, 404, 500}


def test_where_contribs_instrumentation_does_not_run_fastapi_makes_the_server_spans(traced_by_fastapi: Run) -> None:
    server = traced_by_fastapi.of_kind("SERVER")
    assert len(server) == REQUESTS
    assert {span.scope for span in server} == {"fastapi"}
    assert traced_by_fastapi.metrics.total(DURATION) == REQUESTS + 1


def test_metrics_of_others_about_the_same_requests_are_dropped(traced: Run, traced_by_fastapi: Run) -> None:
    for run in (traced, traced_by_fastapi):
        assert {point.name for point in run.metrics.points if point.name.startswith("http.")} == {
            DURATION,
            "http.server.active_requests",
        }
        assert sum(point.value for point in run.metrics.latest("db.client.operation.duration")) >= ORDERS


@pytest.mark.parametrize(
    "changes", [{"OTEL_TRACES_SAMPLER": "always_off"}, {"OTEL_METRICS_EXEMPLAR_FILTER": "always_off"}]
)
def test_there_are_no_exemplars_of_what_is_not_sampled_or_where_they_are_switched_off(
    dependencies: dict[str, str], changes: dict[str, str]
) -> None:
    run = Run({"OTEL_TRACES_EXPORTER": "otlp"} | changes | dependencies)
    assert bool(run.spans) == ("OTEL_TRACES_SAMPLER" not in changes)
    assert run.exemplars() == []
    assert run.metrics.total(DURATION) == REQUESTS + 1
