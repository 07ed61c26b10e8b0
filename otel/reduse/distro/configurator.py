"""The configurator: builds the SDK and puts our measurements in place."""

from collections.abc import Callable, Mapping
from os import environ
from typing import Any, cast

from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import set_meter_provider
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
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider
from opentelemetry.util._importlib_metadata import entry_points

from reduse.distro import process_metrics
from reduse.distro.distro import ReduseDistro
from reduse.distro.errors import ConfigurationError, stop
from reduse.distro.http.applications import measure_applications
from reduse.distro.http.asgi import RequestMeter
from reduse.distro.messaging.pika_messages import measure_pika
from reduse.distro.provider import exporter_factory, meter_provider, process_arguments, resource_of
from reduse.distro.settings import Settings
from reduse.distro.telemetry import Telemetry
from reduse.distro.users.identity import user_hash


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
    flushes = _start_traces_and_logs(resource)
    if environment["OTEL_METRICS_EXPORTER"].strip().lower() == "none":
        return
    telemetry = Telemetry(settings)
    for flush in flushes:
        telemetry.on_flush(flush)
    set_meter_provider(meter_provider(telemetry, exporter_factory(environment), resource, tracing=settings.tracing))
    telemetry.register_fork()
    if not _is_disabled(process_metrics.NAME, environment):
        telemetry.on_activation(process_metrics.start_process_metrics)
    measure_applications(
        RequestMeter(
            http=telemetry.http,
            user_hash=user_hash(settings),
            known_methods=settings.known_methods,
            opened=telemetry.open_http,
            flush=telemetry.flush,
            own_telemetry=settings.tracing,
        )
    )
    if not _is_disabled("pika", environment):
        measure_pika(telemetry.messaging)


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
        flushes.append(cast("TracerProvider", get_tracer_provider()).force_flush)
    if log_exporters:
        _init_logging(log_exporters, resource, setup_logging_handler=False)
        flushes.append(cast("LoggerProvider", get_logger_provider()).force_flush)
    return flushes
