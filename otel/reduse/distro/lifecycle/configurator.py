"""The configurator: builds the SDK and puts our measurements in place."""

import functools
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from os import environ
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from reduse.distro.base.errors import ConfigurationError, stop
from reduse.distro.base.internals.global_meter_provider import offer_meter_provider
from reduse.distro.base.say import say
from reduse.distro.base.settings import Settings
from reduse.distro.base.standard_variables import notices
from reduse.distro.export.outage_log import quieten_exporters
from reduse.distro.export.transport import exporter_factory
from reduse.distro.lifecycle.chosen import NAME, refuse_unknown_distro
from reduse.distro.lifecycle.defaults import defaults_laid
from reduse.distro.lifecycle.distro import ReduseDistro
from reduse.distro.lifecycle.fork import flush_forked_processes
from reduse.distro.lifecycle.instrumentations import start_instrumentations
from reduse.distro.lifecycle.provider import meter_provider, process_arguments, resource_of
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.lifecycle.unmeasured import say_what_is_not_measured


class ReduseConfigurator:
    """Found by its entry point, after the distro.

    Metrics always go through our exporter. A TracerProvider is made only when OTEL_TRACES_EXPORTER names an exporter,
    a LoggerProvider only when OTEL_LOGS_EXPORTER does: where there is none, nothing makes spans. With another distro
    the configurator does its work that would have done it without this one.
    """

    def configure(self, **kwargs: Any) -> None:
        """Called once, before the application is imported."""
        try:
            refuse_unknown_distro(environ)
            if not ReduseDistro.configured:
                _configure_for_another(**kwargs)
                return
            if environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true":
                version = kwargs.get("auto_instrumentation_version")
                _configure_sdk(environ, version, forked=kwargs.get("forked", False))
        except ConfigurationError as error:
            stop(error)


def _configure_for_another(**kwargs: Any) -> None:
    others = [each for each in entry_points(group="opentelemetry_configurator") if each.name != NAME]
    if others:
        configurator = others[0].load()
    else:
        # Not imported for all: it has everything of the SDK in it.
        from opentelemetry.sdk._configuration import _OTelSDKConfigurator as configurator
    configurator().configure(**kwargs)


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
    offer_meter_provider(_meter_provider(environment, settings, telemetry, resource))
    lines = notices(environment, str(resource.attributes[SERVICE_NAME]))
    # Not at once: a supervisor, which measures nothing, would say the same as each of its workers.
    for line in lines:
        telemetry.on_activation(functools.partial(say, line))
    telemetry.on_activation(lambda: say_what_is_not_measured(environment, sys.modules.keys()))
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

    def make_exporter() -> MetricExporter:
        # Again in a forked child, long after the start.
        with defaults_laid():
            return factory()

    quieten_exporters()
    return meter_provider(telemetry, make_exporter, resource, settings.user_attribute, tracing=settings.exemplars)


def _start_traces_and_logs(resource: Resource) -> list[Callable[[], object]]:
    """Start those that have an exporter; what flushes them."""
    signals = ("OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER")
    if all(environ.get(signal, "").strip().lower() in ("", "none") for signal in signals):
        return []
    from reduse.distro.lifecycle.traces_and_logs import start_traces_and_logs

    return start_traces_and_logs(resource, environ)
