"""The configurator: builds the SDK and puts our measurements in place."""

import sys
from collections.abc import Callable, Mapping
from os import environ
from typing import Any, cast

from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter, set_meter_provider
from opentelemetry.sdk._configuration import (
    _get_exporter_names,
    _get_id_generator,
    _get_sampler,
    _import_exporters,
    _import_id_generator,
    _import_sampler,
    _init_logging,
    _init_tracing,
    _OTelSDKConfigurator,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider
from opentelemetry.util._importlib_metadata import entry_points

from reduse.distro.database.measuring import OperationMeter
from reduse.distro.database.pool_metrics import report_pools
from reduse.distro.database.psycopg2_operations import measure_psycopg2, place_of
from reduse.distro.database.psycopg2_pools import psycopg2_pools
from reduse.distro.distro import ReduseDistro
from reduse.distro.errors import ConfigurationError, stop
from reduse.distro.export.outage_log import quieten_exporters
from reduse.distro.export.points import SCOPE
from reduse.distro.export.transport import exporter_factory
from reduse.distro.fork import flush_forked_processes
from reduse.distro.http.applications import measure_applications
from reduse.distro.http.asgi import RequestMeter
from reduse.distro.http.uvicorn_server import ServerLife
from reduse.distro.messaging.pika_messages import measure_pika
from reduse.distro.provider import meter_provider, process_arguments, resource_of
from reduse.distro.pull.provider import scraped_provider
from reduse.distro.runtime import process_metrics
from reduse.distro.settings import Settings
from reduse.distro.standard_variables import notices
from reduse.distro.telemetry import Telemetry
from reduse.distro.traces.instrumentations import say_what_is_missing
from reduse.distro.traces.server_span import ServerSpans


class ReduseConfigurator(_OTelSDKConfigurator):
    """Found by its entry point, after the distro.

    Metrics always go through our exporter. A TracerProvider is made only when OTEL_TRACES_EXPORTER names an exporter,
    a LoggerProvider only when OTEL_LOGS_EXPORTER does: where there is none, nothing makes spans. With another distro
    it configures the SDK as that distro expects.
    """

    def _configure(self, **kwargs: Any) -> None:
        try:
            _refuse_unknown_distro(environ)
            if not ReduseDistro.configured:
                super()._configure(**kwargs)  # type: ignore[no-untyped-call]
                return
            if environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true":
                _configure_sdk(environ, kwargs.get("auto_instrumentation_version"))
        except ConfigurationError as error:
            stop(error)


def _refuse_unknown_distro(environment: Mapping[str, str]) -> None:
    # Contrib takes a distro that it does not find for none, and would then count by itself without a word.
    wanted = environment.get("OTEL_PYTHON_DISTRO")
    names = {entry_point.name for entry_point in entry_points(group="opentelemetry_distro")}
    if wanted is not None and wanted not in names:
        raise ConfigurationError(f"OTEL_PYTHON_DISTRO={wanted} is not installed: use one of {', '.join(sorted(names))}")


def _configure_sdk(environment: Mapping[str, str], auto_version: str | None) -> None:
    settings = Settings.from_environment(environment)
    resource = resource_of(auto_version, process_arguments())
    telemetry = Telemetry(settings)
    for flush in _start_traces_and_logs(resource):
        telemetry.on_flush(flush)
    measuring = environment["OTEL_METRICS_EXPORTER"].strip().lower() != "none"
    server_life = ServerLife(telemetry.serve if measuring else _nothing, telemetry.flush)
    server_life.follow_uvicorn()
    if measuring:
        _measure(environment, settings, telemetry, resource, server_life)


def _nothing() -> None:
    """Where nothing is measured, nothing starts with a server; spans and logs are flushed at its end all the same."""


def _measure(
    environment: Mapping[str, str],
    settings: Settings,
    telemetry: Telemetry,
    resource: Resource,
    server_life: ServerLife,
) -> None:
    set_meter_provider(_meter_provider(environment, settings, telemetry, resource))
    lines = notices(environment, str(resource.attributes[SERVICE_NAME]))
    # Not at once: a supervisor, which measures nothing, would say the same as each of its workers.
    telemetry.on_activation(lambda: sys.stderr.write("".join(f"reduse: {line}\n" for line in lines)))
    telemetry.register_fork()
    flush_forked_processes(telemetry)
    if not _is_disabled(process_metrics.NAME, environment):
        telemetry.on_activation(process_metrics.start_process_metrics)
    measure_applications(
        RequestMeter(
            http=telemetry.http,
            identify=telemetry.identification.user,
            known_methods=settings.known_methods,
            opened=telemetry.open_http,
            flush=server_life.flush_after_lifespan,
            tracing=settings.tracing,
            exemplars=_with_exemplars(environment, settings),
        )
    )
    if not _is_disabled("pika", environment):
        measure_pika(telemetry.messaging)
    if not _is_disabled("psycopg2", environment):
        _measure_databases(telemetry)


def _measure_databases(telemetry: Telemetry) -> None:
    measure_psycopg2(OperationMeter(telemetry.database, place_of))
    pools = psycopg2_pools()
    telemetry.on_fork(pools.reset)
    report_pools(pools, get_meter(SCOPE.name, SCOPE.version or ""))


def _meter_provider(
    environment: Mapping[str, str], settings: Settings, telemetry: Telemetry, resource: Resource
) -> MeterProvider:
    tracing = _with_exemplars(environment, settings)
    if settings.scraped:
        return scraped_provider(telemetry, environment, resource, tracing=tracing)
    factory = exporter_factory(environment)
    quieten_exporters()
    return meter_provider(telemetry, factory, resource, settings.user_attribute, tracing=tracing)


def _with_exemplars(environment: Mapping[str, str], settings: Settings) -> bool:
    """Whether points name spans: OTEL_METRICS_EXEMPLAR_FILTER can switch it off; `always_on` has none to add."""
    return settings.tracing and environment.get("OTEL_METRICS_EXEMPLAR_FILTER", "").strip().lower() != "always_off"


def _is_disabled(name: str, environment: Mapping[str, str]) -> bool:
    disabled = environment.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "")
    names = {part.strip() for part in disabled.split(",")}
    return name in names or "*" in names


def _start_traces_and_logs(resource: Resource) -> list[Callable[[], object]]:
    """Start those that have an exporter; what flushes them."""
    flushes: list[Callable[[], object]] = []
    span_exporters, _, log_exporters = _import_exporters(_get_exporter_names("traces"), [], _get_exporter_names("logs"))
    if span_exporters:
        _init_tracing(
            span_exporters,
            sampler=_import_sampler(_get_sampler()),
            id_generator=_import_id_generator(_get_id_generator()),
            resource=resource,
        )
        provider = cast("TracerProvider", get_tracer_provider())
        provider.add_span_processor(ServerSpans())
        say_what_is_missing(environ)
        flushes.append(provider.force_flush)
    if log_exporters:
        _init_logging(log_exporters, resource, setup_logging_handler=False)
        flushes.append(cast("LoggerProvider", get_logger_provider()).force_flush)
    return flushes
