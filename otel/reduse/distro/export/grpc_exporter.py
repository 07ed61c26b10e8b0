"""Metrics over OTLP/gRPC, by the SDK's exporter of the extra `grpc`, which also takes what is encoded already.

Endpoint, headers, certificates, compression, timeout and retries stay the SDK's. It hands a message object on to its
client without looking into it, so an object with the payload does as well. Private parts of it are used: tests hold
them, on the oldest and the newest version.
"""

from collections.abc import Callable, Mapping
from functools import partial
from operator import methodcaller
from typing import Any

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.authorization import authorization_headers
from reduse.distro.export.compression import compression
from reduse.distro.export.metrics_encoding import MetricsEncoder

_NO_HEADERS: Mapping[str, str] = {}
_METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class EncodedRequest:
    """As much of an `ExportMetricsServiceRequest` as the exporter touches."""

    resource_metrics: tuple[()] = ()

    def __init__(self, payload: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> None:
        self._payload = payload
        self.metadata = tuple(headers.items())

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The payload."""
        return self._payload


def grpc_exporter_factory(environment: Mapping[str, str], setting: str) -> Callable[[], MetricExporter]:
    """What makes the exporter; `setting` is what asks for it.

    Raises:
        ConfigurationError: the extra is not installed, or a setting cannot be used.
    """
    kind = compression(environment, ("none", "gzip"))
    headers = authorization_headers(environment)
    try:
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    except ImportError as error:
        raise ConfigurationError(
            f"{setting} needs {error.name}, which is not installed: pip install 'reduse[grpc]', or use http/protobuf "
            "and port 4318"
        ) from error
    arguments: dict[str, Any] = {"headers": headers} if headers else {}
    # The SDK's own reading of the variable fails at `none` and at an empty one.
    arguments["compression"] = Compression.Gzip if kind == "gzip" else Compression.NoCompression
    return partial(_encoded(OTLPMetricExporter), **arguments)


class _MetricsClient:
    """The client of OTLP's metrics service, which asks the request for its bytes."""

    def __init__(self, channel: Any) -> None:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

        self._export = channel.unary_unary(
            _METHOD,
            request_serializer=methodcaller("SerializeToString"),
            response_deserializer=ExportMetricsServiceResponse.FromString,
        )

    def Export(self, request: EncodedRequest, metadata: Any = None, **arguments: Any) -> Any:  # noqa: N802 - as gRPC's
        """Send it, with its own metadata beside those of all."""
        return self._export(request, metadata=(*(metadata or ()), *request.metadata), **arguments)


def _encoded(exporter: Any) -> Callable[..., MetricExporter]:
    class EncodedGrpcExporter(exporter):  # type: ignore[misc]
        def __init__(self, **arguments: Any) -> None:
            self._encoder = MetricsEncoder()
            super().__init__(**arguments)
            # Older ones make their client in __init__, and never again.
            if not isinstance(getattr(self, "_client", None), _MetricsClient):
                self._client = _MetricsClient(self._channel)

        def _initialize_channel_and_stub(self) -> None:
            super()._initialize_channel_and_stub()
            self._client = _MetricsClient(self._channel)

        def _translate_data(self, data: Any) -> Any:
            return data if isinstance(data, EncodedRequest) else EncodedRequest(self._encoder.encode(data))

        def export_encoded(self, payload: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> MetricExportResult:
            result: MetricExportResult = self._export(data=EncodedRequest(payload, headers))
            return result

    return EncodedGrpcExporter
