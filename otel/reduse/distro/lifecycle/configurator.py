"""The configurator: builds the SDK and puts our measurements in place."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from os import environ
from typing import Any

from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from reduse.distro.base.errors import ConfigurationError, stop
from reduse.distro.base.internals.global_providers import (
    offer_logger_provider,
    offer_meter_provider,
    offer_tracer_provider,
)
from reduse.distro.base.internals.sdk import other_exporters, tracing_arguments
from reduse.distro.base.settings import Settings
from reduse.distro.base.standard_variables import notices
from reduse.distro.export.outage_log import quieten_exporters
from reduse.distro.export.transport import exporter_factory
from reduse.distro.lifecycle.chosen import NAME, refuse_unknown_distro
from reduse.distro.lifecycle.contrib_instrumentations import say_what_is_missing
from reduse.distro.lifecycle.defaults import defaults_laid
from reduse.distro.lifecycle.distro import ReduseDistro
from reduse.distro.lifecycle.fork import flush_forked_processes
from reduse.distro.lifecycle.instrumentations import start_instrumentations
from reduse.distro.lifecycle.provider import meter_provider, process_arguments, resource_of
from reduse.distro.lifecycle.scraped_provider import scraped_provider
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.lifecycle.unmeasured import say_what_is_not_measured
from reduse.distro.sources.http.server_span import ServerSpans


class ReduseConfigurator(_OTelSDKConfigurator):
    """Found by its entry point, after the distro.

    Metrics always go through our exporter. A TracerProvider is made only when OTEL_TRACES_EXPORTER names an exporter,
    a LoggerProvider only when OTEL_LOGS_EXPORTER does: where there is none, nothing makes spans. With another distro
    the configurator does its work that would have done it without this one.
    """

    def _configure(self, **kwargs: Any) -> None:
        try:
            refuse_unknown_distro(environ)
            if not ReduseDistro.configured:
                _configure_for_another(**kwargs)
                return
            if environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true":
                _configure_sdk(environ, kwargs.get("auto_instrumentation_version"))
        except ConfigurationError as error:
            stop(error)


def _configure_for_another(**kwargs: Any) -> None:
    others = [each for each in entry_points(group="opentelemetry_configurator") if each.name != NAME]
    configurator = others[0].load() if others else _OTelSDKConfigurator
    configurator().configure(**kwargs)


def _configure_sdk(environment: Mapping[str, str], auto_version: str | None) -> None:
    settings = Settings.from_environment(environment)
    resource = resource_of(auto_version, process_arguments())
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
    telemetry.on_activation(lambda: sys.stderr.write("".join(f"reduse: {line}\n" for line in lines)))
    telemetry.on_activation(lambda: say_what_is_not_measured(environment, sys.modules.keys()))
    telemetry.register_fork()
    flush_forked_processes(telemetry)
    start_instrumentations(telemetry, environment)


def _meter_provider(
    environment: Mapping[str, str], settings: Settings, telemetry: Telemetry, resource: Resource
) -> MeterProvider:
    if settings.scraped:
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
    span_exporters, log_exporters = other_exporters() or ([], [])
    flushes: list[Callable[[], object]] = []
    if span_exporters:
        flushes.append(_start_traces(resource, span_exporters))
    if log_exporters:
        flushes.append(_start_logs(resource, log_exporters))
    return flushes


def _start_traces(resource: Resource, exporters: Sequence[Callable[[], SpanExporter]]) -> Callable[[], object]:
    provider = TracerProvider(resource=resource, **(tracing_arguments() or {}))
    processors: list[SpanProcessor] = [ServerSpans(), *(BatchSpanProcessor(exporter()) for exporter in exporters)]
    for processor in processors:
        provider.add_span_processor(processor)
    offer_tracer_provider(provider, processors)
    say_what_is_missing(environ)
    return provider.force_flush


def _start_logs(resource: Resource, exporters: Sequence[Callable[[], Any]]) -> Callable[[], object]:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(resource=resource)
    for exporter in exporters:
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter()))
    offer_logger_provider(provider)
    return provider.force_flush
