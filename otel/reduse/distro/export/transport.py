"""The SDK's OTLP exporters, which also take a request that is encoded already.

Endpoint, headers, certificates, compression, timeout and retries stay theirs. They hand a message object on to the
client without looking into it, so an object with the payload does as well. Private parts of theirs are used; tests hold
them, on the oldest and the newest version.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import entry_points
from operator import methodcaller
from typing import Any, Protocol, runtime_checkable

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.authorization import authorization_headers
from reduse.distro.export.otlp_setting import otlp_setting

_METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_EXPORTER_OF_PROTOCOL = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
_COMPRESSIONS = {"otlp_proto_grpc": ("none", "gzip"), "otlp_proto_http": ("none", "gzip", "deflate")}


@runtime_checkable
class EncodedExporter(Protocol):
    """An exporter that sends an encoded `ExportMetricsServiceRequest` as it is."""

    def export_encoded(self, payload: bytes) -> MetricExportResult:
        """Send it; retries are the exporter's."""


class EncodedRequest:
    """As much of an `ExportMetricsServiceRequest` as the exporters touch."""

    resource_metrics: tuple[()] = ()

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The payload."""
        return self._payload


def exporter_factory(environment: Mapping[str, str]) -> Callable[[], MetricExporter]:
    """What makes the exporter that OTEL_METRICS_EXPORTER names.

    Raises:
        ConfigurationError: there is no such exporter, or it is not one that values are pushed to.
    """
    name = environment["OTEL_METRICS_EXPORTER"].strip()
    wanted, setting = name, f"OTEL_METRICS_EXPORTER={name}"
    if name == "otlp":
        wanted, setting = _otlp(environment)
    if "," in name:
        raise ConfigurationError(f"{setting} names several exporters, and metrics go to one: use otlp")
    found = list(entry_points(group="opentelemetry_metrics_exporter", name=wanted))
    if not found:
        raise ConfigurationError(
            f"{setting} needs the exporter {wanted}, which is not installed: install it or use otlp over grpc"
        )
    exporter: Any = found[0].load()
    if not issubclass(exporter, MetricExporter):
        raise ConfigurationError(f"{setting} is not an exporter that values are pushed to: use otlp")
    encoded = {"otlp_proto_grpc": _encoded_over_grpc, "otlp_proto_http": _encoded_over_http}.get(wanted)
    headers = authorization_headers(environment)
    if encoded is None:
        plain: Callable[[], MetricExporter] = exporter
        return plain
    arguments: dict[str, Any] = {"headers": headers} if headers else {}
    compression = _compression(environment, wanted)
    if wanted == "otlp_proto_grpc":
        # The SDK's own reading of the variable fails at `none` and at an empty one.
        from grpc import Compression

        arguments["compression"] = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return partial(encoded(exporter), **arguments)


def _compression(environment: Mapping[str, str], exporter: str) -> str:
    value = otlp_setting(environment, "COMPRESSION", "none").strip().lower()
    if value not in _COMPRESSIONS[exporter]:
        raise ConfigurationError(
            f"OTEL_EXPORTER_OTLP_COMPRESSION={value} does not go with this protocol: "
            f"use one of {', '.join(_COMPRESSIONS[exporter])}"
        )
    return value


def _otlp(environment: Mapping[str, str]) -> tuple[str, str]:
    protocol = otlp_setting(environment, "PROTOCOL", "grpc")
    if protocol not in _EXPORTER_OF_PROTOCOL:
        raise ConfigurationError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol} is not a protocol: use one of {', '.join(_EXPORTER_OF_PROTOCOL)}"
        )
    return _EXPORTER_OF_PROTOCOL[protocol], f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol}"


class _MetricsClient:
    """The client of OTLP's metrics service, which asks the request for its bytes."""

    def __init__(self, channel: Any) -> None:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

        self.Export = channel.unary_unary(
            _METHOD,
            request_serializer=methodcaller("SerializeToString"),
            response_deserializer=ExportMetricsServiceResponse.FromString,
        )


def _encoded_over_grpc(exporter: Any) -> Callable[..., MetricExporter]:
    class EncodedGrpcExporter(exporter):  # type: ignore[misc]
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            # Older ones make their client in __init__, and never again.
            if not isinstance(getattr(self, "_client", None), _MetricsClient):
                self._client = _MetricsClient(self._channel)

        def _initialize_channel_and_stub(self) -> None:
            super()._initialize_channel_and_stub()
            self._client = _MetricsClient(self._channel)

        def _translate_data(self, data: Any) -> Any:
            return data if isinstance(data, EncodedRequest) else super()._translate_data(data)

        def export_encoded(self, payload: bytes) -> MetricExportResult:
            result: MetricExportResult = self._export(data=EncodedRequest(payload))
            return result

    return EncodedGrpcExporter


def _encoded_over_http(exporter: Any) -> Callable[..., MetricExporter]:
    class EncodedHttpExporter(exporter):  # type: ignore[misc]
        def export_encoded(self, payload: bytes) -> MetricExportResult:
            result: MetricExportResult = self._export_batch(EncodedRequest(payload))
            return result

    return EncodedHttpExporter
