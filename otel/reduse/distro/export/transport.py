"""Which exporter takes the metrics out of the process."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.authorization import authorization_headers
from reduse.distro.export.http_exporter import OtlpHttpExporter
from reduse.distro.export.http_settings import HttpSettings
from reduse.distro.export.otlp_setting import otlp_setting

HTTP = "http/protobuf"
GRPC = "grpc"

# The names that the SDK has for its own.
_PROTOCOLS = {"otlp_proto_http": HTTP, "otlp_proto_grpc": GRPC}


@runtime_checkable
class EncodedExporter(Protocol):
    """An exporter that sends an encoded `ExportMetricsServiceRequest` as it is."""

    def export_encoded(self, payload: bytes, headers: Mapping[str, str] = ...) -> MetricExportResult:
        """Send it, with these headers or gRPC metadata beside its own; retries are the exporter's."""


def exporter_factory(environment: Mapping[str, str]) -> Callable[[], MetricExporter]:
    """What makes the exporter that OTEL_METRICS_EXPORTER names.

    Raises:
        ConfigurationError: there is no such exporter, a setting of it cannot be used, or it is not one that values are
            pushed to.
    """
    name = environment["OTEL_METRICS_EXPORTER"].strip()
    if "," in name:
        raise ConfigurationError(
            f"OTEL_METRICS_EXPORTER={name} names several exporters, but only one is supported: use otlp"
        )
    if name == "otlp":
        protocol = otlp_setting(environment, "PROTOCOL", HTTP).strip()
        return _otlp(environment, protocol, f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol}")
    if name in _PROTOCOLS:
        return _otlp(environment, _PROTOCOLS[name], f"OTEL_METRICS_EXPORTER={name}")
    # Of no use to it, but wrong all the same.
    authorization_headers(environment)
    return _other(name)


def _otlp(environment: Mapping[str, str], protocol: str, setting: str) -> Callable[[], MetricExporter]:
    if protocol == HTTP:
        return partial(OtlpHttpExporter, HttpSettings.from_environment(environment))
    if protocol == GRPC:
        from reduse.distro.export.grpc_exporter import grpc_exporter_factory

        return grpc_exporter_factory(environment, setting)
    raise ConfigurationError(f"{setting} is not a protocol that this distro supports: use {HTTP} or {GRPC}")


def _other(name: str) -> Callable[[], MetricExporter]:
    found = list(entry_points(group="opentelemetry_metrics_exporter", name=name))
    if not found:
        raise ConfigurationError(
            f"OTEL_METRICS_EXPORTER={name} needs the exporter {name}, which is not installed: install it or use otlp"
        )
    exporter: Any = found[0].load()
    if not issubclass(exporter, MetricExporter):
        raise ConfigurationError(f"OTEL_METRICS_EXPORTER={name} is not a push exporter: use otlp")
    made: Callable[[], MetricExporter] = exporter
    return made
