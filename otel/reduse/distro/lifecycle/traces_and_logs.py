"""Spans and logs, as the SDK sends them. Imported where they are wanted: it needs all of the SDK."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.internals.global_providers import offer_logger_provider
from reduse.distro.base.internals.global_tracer_provider import offer_tracer_provider
from reduse.distro.base.internals.sdk import other_exporters, tracing_arguments
from reduse.distro.lifecycle.contrib_instrumentations import say_what_is_missing
from reduse.distro.sources.http.server_span_processor import ServerSpans


def start_traces_and_logs(resource: Resource, environment: Mapping[str, str]) -> list[Callable[[], object]]:
    """Start those that have an exporter; what flushes them.

    Raises:
        ConfigurationError: an exporter that was named is not installed.
    """
    try:
        span_exporters, log_exporters = other_exporters() or ([], [])
    except (RuntimeError, ImportError) as error:
        wanted = ", ".join(
            f"{name}={environment[name]}"
            for name in ("OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL")
            if environment.get(name, "none") != "none"
        )
        raise ConfigurationError(
            f"{wanted}: the exporter is not installed ({error}): pip install 'reduse[traces]' for otlp over HTTP, "
            "'reduse[grpc]' for gRPC"
        ) from error
    flushes: list[Callable[[], object]] = []
    if span_exporters:
        flushes.append(_start_traces(resource, span_exporters))
        say_what_is_missing(environment)
    if log_exporters:
        flushes.append(_start_logs(resource, log_exporters))
    return flushes


def _start_traces(resource: Resource, exporters: Sequence[Callable[[], SpanExporter]]) -> Callable[[], object]:
    provider = TracerProvider(resource=resource, **(tracing_arguments() or {}))
    processors: list[SpanProcessor] = [ServerSpans(), *(BatchSpanProcessor(exporter()) for exporter in exporters)]
    for processor in processors:
        provider.add_span_processor(processor)
    offer_tracer_provider(provider, processors)
    return provider.force_flush


def _start_logs(resource: Resource, exporters: Sequence[Callable[[], Any]]) -> Callable[[], object]:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(resource=resource)
    for exporter in exporters:
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter()))
    offer_logger_provider(provider)
    return provider.force_flush
