"""Which exporter the variables ask for, and that each carries encoded requests and the SDK's own metrics."""

import builtins
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExportResult, MetricsData, ResourceMetrics
from opentelemetry.sdk.resources import Resource

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.http_exporter import OtlpHttpExporter
from reduse.distro.export.transport import EncodedExporter, exporter_factory
from reduse.distro.export.user_encoding import encode_users
from reduse.distro.sources.users.delta import UserPoint
from reduse.wire import SHARD_HEADER, shard_key
from tests.otlp_receiver import GRPC, HTTP, OtlpReceiver

RESOURCE = Resource({"service.name": "example", "service.instance.id": "one"})


@pytest.fixture(params=[HTTP, GRPC])
def receiver(request: pytest.FixtureRequest) -> Iterator[OtlpReceiver]:
    with OtlpReceiver(protocol=request.param) as started:
        yield started


@pytest.mark.parametrize("name", ["otlp", "otlp_proto_http"])
def test_otlp_is_our_exporter_over_http(name: str) -> None:
    assert isinstance(exporter_factory({"OTEL_METRICS_EXPORTER": name})(), OtlpHttpExporter)


@pytest.mark.parametrize("variables", [{}, {"OTEL_METRICS_EXPORTER": "otlp_proto_grpc"}])
def test_grpc_is_the_sdks_own_exporter(variables: dict[str, str]) -> None:
    exporter = exporter_factory({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"} | variables)()
    assert not isinstance(exporter, OtlpHttpExporter)
    assert isinstance(exporter, EncodedExporter)
    exporter.shutdown()


def test_grpc_without_the_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_grpc(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] == "grpc":
            raise ModuleNotFoundError("No module named 'grpc'", name="grpc")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_grpc)
    with pytest.raises(ConfigurationError, match=r"OTEL_EXPORTER_OTLP_PROTOCOL=grpc.*'reduse\[grpc\]'"):
        exporter_factory({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})


def test_another_exporter_gets_the_sdks_data_classes() -> None:
    exporter = exporter_factory({"OTEL_METRICS_EXPORTER": "console"})()
    assert isinstance(exporter, ConsoleMetricExporter)
    assert not isinstance(exporter, EncodedExporter)


@pytest.mark.parametrize(
    ("environment", "setting"),
    [
        ({"OTEL_METRICS_EXPORTER": "nonesuch"}, "OTEL_METRICS_EXPORTER=nonesuch"),
        ({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "udp"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (
            {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "http/json is not a protocol .* use http/protobuf or grpc",
        ),
    ],
)
def test_an_exporter_that_cannot_be_used_is_named(environment: dict[str, str], setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        exporter_factory(environment)


@pytest.mark.server
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_each_protocol_carries_encoded_requests_and_the_sdks_own(
    receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    variables = {
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
    }
    for name, value in variables.items():
        # The SDK's exporter reads them by itself.
        monkeypatch.setenv(name, value)
    exporter = exporter_factory(variables)()
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
def test_each_protocol_carries_headers_of_one_request_beside_those_of_all(
    receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    exporter = exporter_factory(variables)()
    assert isinstance(exporter, EncodedExporter)
    payload = encode_users(RESOURCE, 1, 2, [UserPoint(None, 0, 0.0)], "user.hash")
    key = shard_key("eu", "magasin d'été", 3, 8)
    assert exporter.export_encoded(payload, {SHARD_HEADER: key}) is MetricExportResult.SUCCESS
    assert exporter.export_encoded(payload) is MetricExportResult.SUCCESS
    exporter.shutdown()
    assert receiver.shards == [key] == ["eu/magasin%20d%27%C3%A9t%C3%A9#3/8"]


@pytest.mark.slow
def test_neither_protobuf_nor_grpc_is_imported_for_http() -> None:
    """In an interpreter of its own: this one has both."""
    unwanted = ("google.protobuf", "grpc", "requests", "urllib3", "opentelemetry.sdk.trace")
    program = (
        "import sys; from reduse.distro.lifecycle import configurator, distro\n"
        "from reduse.distro.export.transport import exporter_factory\n"
        "exporter_factory({'OTEL_METRICS_EXPORTER': 'otlp'})()\n"
        f"print([name for name in {unwanted} if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
