"""The configurator: builds the SDK and puts our measurements in place."""

import sys
from collections.abc import Callable, Mapping
from os import environ
from typing import Any

from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.util._importlib_metadata import entry_points

from reduse.distro.base.errors import ConfigurationError, stop
from reduse.distro.base.settings import Settings
from reduse.distro.base.standard_variables import notices
from reduse.distro.export.outage_log import quieten_exporters
from reduse.distro.export.transport import exporter_factory
from reduse.distro.lifecycle.distro import ReduseDistro
from reduse.distro.lifecycle.fork import flush_forked_processes
from reduse.distro.lifecycle.instrumentations import start_instrumentations
from reduse.distro.lifecycle.provider import meter_provider, process_arguments, resource_of
from reduse.distro.lifecycle.telemetry import Telemetry


class ReduseConfigurator:
    """Found by its entry point, after the distro.

    Metrics always go through our exporter. A TracerProvider is made only when OTEL_TRACES_EXPORTER names an exporter,
    a LoggerProvider only when OTEL_LOGS_EXPORTER does: where there is none, nothing makes spans. With another distro
    it configures the SDK as that distro expects.
    """

    def configure(self, **kwargs: Any) -> None:
        """Called once, before the application is imported."""
        try:
            _refuse_unknown_distro(environ)
            if not ReduseDistro.configured:
                # Not imported for all: it has everything of the SDK in it.
                from opentelemetry.sdk._configuration import _OTelSDKConfigurator

                _OTelSDKConfigurator().configure(**kwargs)  # type: ignore[no-untyped-call]
                return
            if environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true":
                version = kwargs.get("auto_instrumentation_version")
                _configure_sdk(environ, version, forked=kwargs.get("forked", False))
        except ConfigurationError as error:
            stop(error)


def _refuse_unknown_distro(environment: Mapping[str, str]) -> None:
    # Contrib takes a distro that it does not find for none, and would then count by itself without a word.
    wanted = environment.get("OTEL_PYTHON_DISTRO")
    names = {entry_point.name for entry_point in entry_points(group="opentelemetry_distro")}
    if wanted is not None and wanted not in names:
        raise ConfigurationError(f"OTEL_PYTHON_DISTRO={wanted} is not installed: use one of {', '.join(sorted(names))}")


def _configure_sdk(environment: Mapping[str, str], auto_version: str | None, *, forked: bool) -> None:
    settings = Settings.from_environment(environment)
    resource = resource_of(auto_version, process_arguments(), forked=forked)
    telemetry = Telemetry(settings)
    for flush in _start_traces_and_logs(resource):
        telemetry.on_flush(flush)
    # Where nothing is measured, nothing starts with a server; spans and logs are flushed at its end all the same.
    telemetry.server_life.follow_uvicorn()
    if environment["OTEL_METRICS_EXPORTER"].strip().lower() != "none":
        _measure(environment, settings, telemetry, resource)


def _measure(
    environment: Mapping[str, str],
    settings: Settings,
    telemetry: Telemetry,
    resource: Resource,
) -> None:
    set_meter_provider(_meter_provider(environment, settings, telemetry, resource))
    lines = notices(environment, str(resource.attributes[SERVICE_NAME]))
    # Not at once: a supervisor, which measures nothing, would say the same as each of its workers.
    telemetry.on_activation(lambda: sys.stderr.write("".join(f"reduse: {line}\n" for line in lines)))
    telemetry.register_fork()
    flush_forked_processes(telemetry)
    start_instrumentations(telemetry, environment)


def _meter_provider(
    environment: Mapping[str, str], settings: Settings, telemetry: Telemetry, resource: Resource
) -> MeterProvider:
    if settings.scraped:
        from reduse.distro.lifecycle.scraped_provider import scraped_provider

        return scraped_provider(telemetry, environment, resource, tracing=settings.exemplars)
    factory = exporter_factory(environment)
    quieten_exporters()
    return meter_provider(telemetry, factory, resource, settings.user_attribute, tracing=settings.exemplars)


def _start_traces_and_logs(resource: Resource) -> list[Callable[[], object]]:
    """Start those that have an exporter; what flushes them."""
    signals = ("OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER")
    if all(environ.get(signal, "").strip().lower() in ("", "none") for signal in signals):
        return []
    from reduse.distro.lifecycle.traces_and_logs import start_traces_and_logs

    return start_traces_and_logs(resource, environ)
