"""OTLP over HTTP: what is not acknowledged is sent again, the same; what is refused is said in one line."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)
from opentelemetry.sdk.metrics.export import MetricExportResult

from reduse.distro.export.http_connection import Answer
from reduse.distro.export.http_exporter import OtlpHttpExporter, retry_after
from reduse.distro.export.http_settings import HttpSettings
from tests.otlp_http import OtlpHttpServer, Posted, Reply
from tests.otlp_receiver import GRPC, OtlpReceiver

SUCCESS, FAILURE = MetricExportResult.SUCCESS, MetricExportResult.FAILURE
PAYLOAD = b"payload"


class Agent:
    """Answers as the script says, then with success; keeps what it was sent."""

    def __init__(self, *script: Reply, port: int = 0) -> None:
        self._script = list(script)
        self.posted: list[Posted] = []
        self.server = OtlpHttpServer(port, self._take)
        self.endpoint = f"http://127.0.0.1:{self.server.port}"

    def _take(self, posted: Posted) -> Reply:
        self.posted.append(posted)
        return self._script.pop(0) if self._script else Reply()


@pytest.fixture
def started() -> Iterator[Callable[..., Agent]]:
    agents: list[Agent] = []

    def start(*script: Reply, port: int = 0) -> Agent:
        agents.append(Agent(*script, port=port))
        return agents[-1]

    yield start
    for agent in agents:
        agent.server.stop()


@contextmanager
def exporter_to(endpoint: str, **changes: str) -> Iterator[OtlpHttpExporter]:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **changes}
    exporter = OtlpHttpExporter(HttpSettings.from_environment(variables))
    yield exporter
    exporter.shutdown()


def test_one_connection_carries_all_exports_and_the_headers_are_those_of_otlp(started: Callable[..., Agent]) -> None:
    agent = started()
    with exporter_to(f"{agent.endpoint}/team/", OTEL_EXPORTER_OTLP_HEADERS="x-tenant=one") as exporter:
        assert [exporter.export_encoded(b"%d" % number) for number in range(5)] == [SUCCESS] * 5
    assert [posted.body for posted in agent.posted] == [b"0", b"1", b"2", b"3", b"4"]
    assert {posted.connection for posted in agent.posted} == {1}
    assert {posted.path for posted in agent.posted} == {"/team/v1/metrics"}
    headers = agent.posted[0].headers
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["x-tenant"] == "one"
    assert headers["host"] == agent.endpoint.removeprefix("http://")
    assert "content-encoding" not in headers


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_what_is_compressed_says_how(started: Callable[..., Agent], kind: str) -> None:
    agent = started()
    with exporter_to(agent.endpoint, OTEL_EXPORTER_OTLP_COMPRESSION=kind) as exporter:
        assert exporter.export_encoded(b"x" * 1000) is SUCCESS
    assert agent.posted[0].body == b"x" * 1000
    assert agent.posted[0].headers["content-encoding"] == kind
    assert int(agent.posted[0].headers["content-length"]) < 100


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_succeed_later_is_sent_again_the_same(started: Callable[..., Agent], status: int) -> None:
    agent = started(Reply(status, {"retry-after": "0"}))
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is SUCCESS
    assert [posted.body for posted in agent.posted] == [PAYLOAD, PAYLOAD]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 500])
def test_what_cannot_succeed_is_sent_once_and_said(
    started: Callable[..., Agent], caplog: pytest.LogCaptureFixture, status: int
) -> None:
    agent = started(Reply(status, {"content-type": "text/plain"}, b"no\nsuch  tenant" + b"x" * 10_000))
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is FAILURE
        assert exporter.export_encoded(PAYLOAD) is SUCCESS
    assert len(agent.posted) == 2
    (line,) = caplog.messages
    assert f"it responded with {status} no such tenant" in line
    assert "\n" not in line
    assert len(line) < 400


def test_a_redirect_is_not_followed(started: Callable[..., Agent], caplog: pytest.LogCaptureFixture) -> None:
    other = started()
    agent = started(Reply(307, {"location": f"{other.endpoint}/v1/metrics"}))
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is FAILURE
    assert other.posted == []
    assert "it responded with 307, and redirects are not followed" in caplog.text


def test_who_asks_to_be_left_alone_is(started: Callable[..., Agent], caplog: pytest.LogCaptureFixture) -> None:
    """Longer than an export may take: the caller keeps the data, and the next exports do not even ask."""
    agent = started(Reply(503, {"retry-after": "30"}))
    with exporter_to(agent.endpoint) as exporter:
        assert [exporter.export_encoded(PAYLOAD) for _ in range(3)] == [FAILURE] * 3
    assert len(agent.posted) == 1
    assert "it responded with 503" in caplog.messages[0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 60.0),
        ("Thu, 01 Jan 1970 00:01:50 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(Answer(503, {"retry-after": value}, b""), 100.0) == seconds


def test_points_that_were_rejected_are_counted_in_the_log(
    started: Callable[..., Agent], caplog: pytest.LogCaptureFixture
) -> None:
    partial = ExportMetricsPartialSuccess(rejected_data_points=7, error_message="too old")
    agent = started(
        Reply(body=ExportMetricsServiceResponse(partial_success=partial).SerializeToString()),
        Reply(body=b"\xff not protobuf"),
    )
    with exporter_to(agent.endpoint) as exporter:
        assert [exporter.export_encoded(PAYLOAD), exporter.export_encoded(PAYLOAD)] == [SUCCESS, SUCCESS]
    assert len(agent.posted) == 2
    (line,) = caplog.messages
    assert "refused 7 of its points: too old" in line


def test_a_connection_that_was_closed_meanwhile_is_opened_again_at_once(
    started: Callable[..., Agent], caplog: pytest.LogCaptureFixture
) -> None:
    agent = started(Reply(), Reply(headers={"connection": "close"}))
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(b"1") is SUCCESS
        agent.server.close_connections()
        assert exporter.export_encoded(b"2") is SUCCESS
        assert exporter.export_encoded(b"3") is SUCCESS
    assert [posted.body for posted in agent.posted] == [b"1", b"2", b"3"]
    assert [posted.connection for posted in agent.posted] == [1, 2, 3]
    assert caplog.messages == []


def test_an_agent_that_comes_back_gets_the_next_export(
    started: Callable[..., Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = started()
    with exporter_to(agent.endpoint, OTEL_EXPORTER_OTLP_METRICS_TIMEOUT="60") as exporter:
        assert exporter.export_encoded(b"1") is SUCCESS
        agent.server.stop()
        monkeypatch.setattr(exporter, "_settings", replace(exporter._settings, timeout=0.2))
        assert exporter.export_encoded(b"2") is FAILURE
        monkeypatch.undo()
        back = started(port=agent.server.port)
        assert exporter.export_encoded(b"2") is SUCCESS
    assert [posted.body for posted in back.posted] == [b"2"]


def test_an_answer_that_does_not_come_ends_with_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        before = time.monotonic()
        with exporter_to(f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_METRICS_TIMEOUT="0.2") as exporter:
            assert exporter.export_encoded(PAYLOAD) is FAILURE
        assert time.monotonic() - before < 10


def test_the_end_does_not_wait_for_an_attempt_that_is_to_come(started: Callable[..., Agent]) -> None:
    agent = started(Reply(503, {"retry-after": "50"}))
    with (
        exporter_to(agent.endpoint, OTEL_EXPORTER_OTLP_METRICS_TIMEOUT="60") as exporter,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = pool.submit(exporter.export_encoded, PAYLOAD)
        while not agent.posted:
            time.sleep(0.01)
        exporter.shutdown()
        assert waiting.result(20) is FAILURE


def test_variables_of_a_proxy_are_not_followed(started: Callable[..., Agent], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, agent = started(), started()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.endpoint)
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is SUCCESS
    assert (len(proxy.posted), len(agent.posted)) == (0, 1)


@pytest.mark.server
def test_a_port_of_grpc_is_named_as_such(caplog: pytest.LogCaptureFixture) -> None:
    with OtlpReceiver(protocol=GRPC) as receiver, exporter_to(receiver.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is FAILURE
    (line,) = caplog.messages
    assert "does not speak HTTP: is it the port of OTLP over gRPC?" in line


def test_the_well_known_port_of_grpc_comes_with_the_cure(caplog: pytest.LogCaptureFixture) -> None:
    settings = HttpSettings.from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"})
    exporter = OtlpHttpExporter(settings)
    assert "use port 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc with pip install 'reduse[grpc]'" in exporter._cure()
    exporter.shutdown()


@pytest.mark.slow
def test_the_seeded_numbers_of_an_application_stay_as_they_are(started: Callable[..., Agent]) -> None:
    import random

    agent = started(Reply(503, {"retry-after": "0"}))
    random.seed(1)
    state = random.getstate()
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is SUCCESS
    assert random.getstate() == state


def test_methods_of_http_client_that_others_replace_are_not_called(
    started: Callable[..., Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tracing tools take each call of these for a request of the application."""
    from http.client import HTTPConnection

    def traced(*_arguments: object, **_keywords: object) -> None:
        raise AssertionError("a request of the application")

    for name in ("putrequest", "endheaders", "request", "getresponse", "connect"):
        monkeypatch.setattr(HTTPConnection, name, traced)
    agent = started()
    with exporter_to(agent.endpoint) as exporter:
        assert exporter.export_encoded(PAYLOAD) is SUCCESS


def test_a_child_that_was_forked_has_a_connection_of_its_own(started: Callable[..., Agent]) -> None:
    """As the distro does it: the child makes an exporter anew, and the parent's stays usable."""
    agent = started()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": agent.endpoint}
    settings = HttpSettings.from_environment(variables)
    parent = OtlpHttpExporter(settings)
    assert parent.export_encoded(b"parent") is SUCCESS
    child = OtlpHttpExporter(settings)
    assert child.export_encoded(b"child") is SUCCESS
    assert parent.export_encoded(b"parent") is SUCCESS
    assert [posted.connection for posted in agent.posted] == [1, 2, 1]
    for exporter in (parent, child):
        exporter.shutdown()
