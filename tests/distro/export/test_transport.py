"""An encoded request goes the way of the SDK's exporters, with their endpoint, headers, compression and retries."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExportResult, MetricsData, ResourceMetrics
from opentelemetry.sdk.resources import Resource

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.transport import EncodedExporter, exporter_factory
from reduse.distro.export.user_encoding import encode_users
from reduse.distro.sources.users.delta import UserPoint
from tests.otlp_receiver import OtlpReceiver

RESOURCE = Resource({"service.name": "example", "service.instance.id": "one"})


class HttpReceiver:
    """OTLP/HTTP on a free port: keeps what it is sent, uncompressed."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                compressed = self.headers.get("content-encoding") == "gzip"
                receiver.bodies.append(gzip.decompress(body) if compressed else body)
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def test_otlp_over_grpc_is_the_sdks_own_exporter() -> None:
    exporter = exporter_factory({"OTEL_METRICS_EXPORTER": "otlp"})()
    assert isinstance(exporter, OTLPMetricExporter)
    assert isinstance(exporter, EncodedExporter)
    exporter.shutdown()


def test_another_exporter_gets_the_sdks_data_classes() -> None:
    exporter = exporter_factory({"OTEL_METRICS_EXPORTER": "console"})()
    assert isinstance(exporter, ConsoleMetricExporter)
    assert not isinstance(exporter, EncodedExporter)


@pytest.mark.parametrize(
    ("environment", "setting"),
    [
        ({"OTEL_METRICS_EXPORTER": "nonesuch"}, "OTEL_METRICS_EXPORTER=nonesuch"),
        ({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "udp"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
    ],
)
def test_an_exporter_that_cannot_be_used_is_named(environment: dict[str, str], setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        exporter_factory(environment)


@pytest.mark.server
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_grpc_carries_encoded_requests_and_the_sdks_own(
    receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    if compression != "none":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
    exporter = exporter_factory({"OTEL_METRICS_EXPORTER": "otlp"})()
    assert isinstance(exporter, EncodedExporter)
    points = [UserPoint("00000000000000aa", 3, 0.5), UserPoint(None, 0, 0.0)]
    payload = encode_users(RESOURCE, 1, 2, points, "user.hash")
    assert exporter.export_encoded(payload) is MetricExportResult.SUCCESS
    empty = MetricsData([ResourceMetrics(RESOURCE, [], "")])
    assert exporter.export(empty) is MetricExportResult.SUCCESS
    receiver.lose_replies = 1
    assert exporter.export_encoded(payload) is MetricExportResult.SUCCESS, "the exporter's retry"
    exporter.shutdown()
    assert exporter.export_encoded(payload) is MetricExportResult.FAILURE
    assert receiver.user_counts() == {"00000000000000aa": 3, "-": 0}
    assert receiver.requests == 4


@pytest.mark.server
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_http_carries_encoded_requests(monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    with HttpReceiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=token")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
        exporter = exporter_factory({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})()
        assert isinstance(exporter, EncodedExporter)
        payload = encode_users(RESOURCE, 1, 2, [UserPoint("00000000000000aa", 3, 0.5)], "user.hash")
        assert exporter.export_encoded(payload) is MetricExportResult.SUCCESS
        data = MetricsData([ResourceMetrics(RESOURCE, [], "")])
        assert exporter.export(data) is MetricExportResult.SUCCESS
        exporter.shutdown()
    assert receiver.bodies == [payload, encode_metrics(data).SerializeToString()]
    assert receiver.headers[0]["authorization"] == "token"
    assert receiver.headers[0]["content-type"] == "application/x-protobuf"
