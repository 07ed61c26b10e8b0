"""The SDK's side: resource, exporter, reader, views."""

import sys
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from uuid import uuid4

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, OTELResourceDetector, Resource
from opentelemetry.util._importlib_metadata import entry_points

from reduse.distro.errors import ConfigurationError
from reduse.distro.exporter import ReduseMetricExporter
from reduse.distro.points import SCOPE
from reduse.distro.telemetry import Telemetry

# Semantic conventions, "Database metrics": the advised bounds of `db.client.operation.duration`, seconds. Contrib sets
# none, and the SDK's default ones begin at 5.
DB_DURATION_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)

# Whoever else measures the same requests. Their spans stay.
OTHER_HTTP_METERS = (
    "fastapi",
    "starlette",
    "opentelemetry.instrumentation.fastapi",
    "opentelemetry.instrumentation.starlette",
    "opentelemetry.instrumentation.asgi",
)

_EXPORTER_OF_PROTOCOL = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


def resource_of(auto_version: str | None, arguments: list[str]) -> Resource:
    """What this process is, from OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.

    `service.instance.id` is unique for each process. One that the deployment gives is kept as it is for a process
    that it started; a worker that `multiprocessing` started (uvicorn --workers) adds eight digits to it, because two
    workers under one id would overwrite each other's series and take each other's deltas for repeats. A forked
    worker (gunicorn) gets an id of the SDK's.
    """
    attributes: dict[str, Any] = {}
    if auto_version:
        attributes["telemetry.auto.version"] = auto_version
    given = OTELResourceDetector().detect().attributes.get(SERVICE_INSTANCE_ID)
    if given and "--multiprocessing-fork" in arguments:
        attributes[SERVICE_INSTANCE_ID] = f"{given}-{uuid4().hex[:8]}"
    return Resource.create(attributes)


def exporter_factory(environment: Mapping[str, str]) -> Callable[[], MetricExporter]:
    """What makes the exporter that OTEL_METRICS_EXPORTER names.

    Raises:
        ConfigurationError: there is no such exporter, or it is not one that values are pushed to.
    """
    name = environment["OTEL_METRICS_EXPORTER"].strip()
    wanted, setting = name, f"OTEL_METRICS_EXPORTER={name}"
    if name == "otlp":
        protocol = environment.get("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") or environment.get(
            "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"
        )
        if protocol not in _EXPORTER_OF_PROTOCOL:
            raise ConfigurationError(
                f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol} is not a protocol: "
                f"use one of {', '.join(_EXPORTER_OF_PROTOCOL)}"
            )
        wanted, setting = _EXPORTER_OF_PROTOCOL[protocol], f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol}"
    found = list(entry_points(group="opentelemetry_metrics_exporter", name=wanted))
    if not found:
        raise ConfigurationError(
            f"{setting} needs the exporter {wanted}, which is not installed: install it or use otlp over grpc"
        )
    exporter = found[0].load()
    if not issubclass(exporter, MetricExporter):
        raise ConfigurationError(f"{setting} is not an exporter that values are pushed to: use otlp")

    def make() -> MetricExporter:
        made: MetricExporter = exporter()
        return made

    return make


class ForkSafeReader(PeriodicExportingMetricReader):
    """The SDK's reader, which in a forked child does not wait for a lock that the parent's thread held."""

    def _at_fork_reinit(self) -> None:
        self._export_lock = Lock()
        super()._at_fork_reinit()  # type: ignore[no-untyped-call]


def meter_provider(
    telemetry: Telemetry, make_exporter: Callable[[], MetricExporter], resource: Resource, *, tracing: bool
) -> MeterProvider:
    """A provider whose only reader exports the SDK's metrics and ours.

    Raises:
        ConfigurationError: the exporter cannot be made with its settings.
    """
    try:
        exporter = ReduseMetricExporter(make_exporter, telemetry)
    except ValueError as error:
        raise ConfigurationError(
            f"an OTEL_EXPORTER_OTLP_ setting cannot be used ({error}): correct or unset it"
        ) from error
    provider = MeterProvider(
        metric_readers=[ForkSafeReader(exporter)],
        resource=resource,
        views=_views(),
        # Without spans there is nothing that an exemplar could name.
        exemplar_filter=TraceBasedExemplarFilter() if tracing else AlwaysOffExemplarFilter(),
    )
    telemetry.on_flush(provider.force_flush)
    telemetry.on_activation(_once(lambda: _observe_backlog(provider, telemetry)))
    telemetry.on_fork(exporter.after_fork)
    return provider


def _views() -> list[View]:
    views = [
        View(
            instrument_name="db.client.operation.duration",
            aggregation=ExplicitBucketHistogramAggregation(DB_DURATION_BOUNDS),
        )
    ]
    views += [
        View(instrument_name="http.server.*", meter_name=meter, aggregation=DropAggregation())
        for meter in OTHER_HTTP_METERS
    ]
    return views


def _observe_backlog(provider: MeterProvider, telemetry: Telemetry) -> None:
    """Report the bounds of the backlog.

    These have a value at any time, and must: the reader does not call the exporter when the SDK has no data.
    """
    meter = provider.get_meter(SCOPE.name, SCOPE.version)

    def held(_options: CallbackOptions) -> list[Observation]:
        return [Observation(len(telemetry.backlog))]

    def merged(_options: CallbackOptions) -> list[Observation]:
        return [Observation(telemetry.backlog.merged)]

    meter.create_observable_gauge(
        "reduse.distro.held",
        callbacks=[held],
        unit="{export}",
        description="Exports of per-user points that the agent has not acknowledged.",
    )
    meter.create_observable_counter(
        "reduse.distro.merged",
        callbacks=[merged],
        unit="{export}",
        description="Held exports that were merged into the one before, to stay within the bound.",
    )


def _once(start: Callable[[], None]) -> Callable[[], None]:
    done = False

    def start_once() -> None:
        nonlocal done
        if not done:
            done = True
            start()

    return start_once


def process_arguments() -> list[str]:
    """The arguments that the interpreter was started with."""
    return list(sys.orig_argv)
