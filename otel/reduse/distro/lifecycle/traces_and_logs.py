"""Spans and logs, as the SDK sends them. Imported where they are wanted: it needs all of the SDK."""

from collections.abc import Callable, Mapping
from typing import cast

from opentelemetry._logs import get_logger_provider
from opentelemetry.sdk._configuration import (
    _get_exporter_names,
    _get_id_generator,
    _get_sampler,
    _import_exporters,
    _import_id_generator,
    _import_sampler,
    _init_logging,
    _init_tracing,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.lifecycle.contrib_instrumentations import say_what_is_missing
from reduse.distro.sources.http.server_span_processor import ServerSpans


def start_traces_and_logs(resource: Resource, environment: Mapping[str, str]) -> list[Callable[[], object]]:
    """Start those that have an exporter; what flushes them.

    Raises:
        ConfigurationError: an exporter that was named is not installed.
    """
    try:
        span_exporters, _, log_exporters = _import_exporters(
            _get_exporter_names("traces"), [], _get_exporter_names("logs")
        )
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
        _init_tracing(
            span_exporters,
            sampler=_import_sampler(_get_sampler()),
            id_generator=_import_id_generator(_get_id_generator()),
            resource=resource,
        )
        provider = cast("TracerProvider", get_tracer_provider())
        provider.add_span_processor(ServerSpans())
        say_what_is_missing(environment)
        flushes.append(provider.force_flush)
    if log_exporters:
        _init_logging(log_exporters, resource, setup_logging_handler=False)
        flushes.append(cast("LoggerProvider", get_logger_provider()).force_flush)
    return flushes
