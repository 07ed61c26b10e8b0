"""The SDK's side: resource, exporter, reader, views."""

import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, OTELResourceDetector, Resource

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.internals.sdk import ForkSafeReader, forget_parents_sums, renew_instance
from reduse.distro.export.bounded_streams import bound_streams
from reduse.distro.export.exporter import ReduseMetricExporter
from reduse.distro.export.overflow import Overflow
from reduse.distro.export.points import SCOPE
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.sources.database.aggregation import DURATION_BOUNDS as DATABASE_BOUNDS
from reduse.distro.sources.database.operations import DURATION

# Semantic conventions, "Database metrics": the advised bounds of `db.client.response.returned_rows`. Contrib's
# instrumentations of other databases set no bounds, and the SDK's default ones for durations begin at 5 seconds.
DB_ROWS_BOUNDS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0)

# Whoever else measures the same requests. Their spans stay.
OTHER_HTTP_METERS = (
    "fastapi",
    "starlette",
    "opentelemetry.instrumentation.fastapi",
    "opentelemetry.instrumentation.starlette",
    "opentelemetry.instrumentation.asgi",
    "opentelemetry.instrumentation.flask",
    "opentelemetry.instrumentation.django",
    "opentelemetry.instrumentation.wsgi",
)


def resource_of(auto_version: str | None, arguments: list[str], *, forked: bool = False) -> Resource:
    """What this process is, from OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.

    `service.instance.id` is unique for each process. One that the deployment gives is kept as it is for a process
    that it started; a worker that `multiprocessing` started (uvicorn --workers) adds eight digits to it, because two
    workers under one id would overwrite each other's series and take each other's deltas for repeats. A forked
    worker (gunicorn) gets a new id, and a process that is given none or an empty one has one as well; a process that
    was `forked` before there was an SDK adds eight digits as well.
    """
    attributes: dict[str, Any] = {}
    if auto_version:
        attributes["telemetry.auto.version"] = auto_version
    given = OTELResourceDetector().detect().attributes.get(SERVICE_INSTANCE_ID)
    if given and (forked or "--multiprocessing-fork" in arguments):
        attributes[SERVICE_INSTANCE_ID] = f"{given}-{uuid4().hex[:8]}"
    elif given is None or not str(given).strip():
        # `service.instance.id=` would be the one name of all processes, and older SDKs make none themselves.
        attributes[SERVICE_INSTANCE_ID] = str(uuid4())
    return Resource.create(attributes)


def meter_provider(
    telemetry: Telemetry,
    make_exporter: Callable[[], MetricExporter],
    resource: Resource,
    user_attribute: str,
    *,
    tracing: bool,
) -> MeterProvider:
    """A provider whose only reader exports the SDK's metrics and ours.

    Raises:
        ConfigurationError: the exporter cannot be made with its settings.
    """
    try:
        exporter = ReduseMetricExporter(make_exporter, telemetry, user_attribute)
    except ValueError as error:
        raise ConfigurationError(
            f"an OTEL_EXPORTER_OTLP_ setting cannot be used ({error}): correct or unset it"
        ) from error
    reader = ForkSafeReader(exporter, telemetry.idle, telemetry.end)
    provider = provider_of(telemetry, reader, resource, tracing=tracing)
    telemetry.on_flush(provider.force_flush)
    telemetry.on_activation(_once(lambda: _observe_backlog(provider, telemetry)))
    telemetry.on_activation(_once(lambda: _observe_resolvers(provider, telemetry)))
    telemetry.on_activation(_once(lambda: _observe_overflow(provider, exporter.overflow)))
    telemetry.on_activation(_once(lambda: _observe_clock(provider, telemetry)))
    telemetry.on_fork(exporter.after_fork)
    return provider


def provider_of(telemetry: Telemetry, reader: MetricReader, resource: Resource, *, tracing: bool) -> MeterProvider:
    """The SDK's provider with our views; in a forked child its instruments start from nothing."""
    provider = MeterProvider(
        metric_readers=[reader],
        resource=resource,
        views=_views(),
        # Without spans there is nothing that an exemplar could name.
        exemplar_filter=TraceBasedExemplarFilter() if tracing else AlwaysOffExemplarFilter(),
    )
    bound_streams(provider)

    instance: object = resource.attributes.get(SERVICE_INSTANCE_ID)

    def restart() -> None:
        nonlocal instance
        instance = renew_instance(provider, instance)
        forget_parents_sums(provider)
        bound_streams(provider)

    telemetry.on_fork(restart)
    return provider


def _views() -> list[View]:
    views = [
        View(
            instrument_name=DURATION,
            aggregation=ExplicitBucketHistogramAggregation(DATABASE_BOUNDS),
        ),
        View(
            instrument_name="db.client.response.returned_rows",
            aggregation=ExplicitBucketHistogramAggregation(DB_ROWS_BOUNDS),
        ),
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


def _observe_resolvers(provider: MeterProvider, telemetry: Telemetry) -> None:
    """Report the requests whose user a resolver failed to find."""

    def errors(_options: CallbackOptions) -> list[Observation]:
        return [Observation(telemetry.users.identification.errors)]

    provider.get_meter(SCOPE.name, SCOPE.version).create_observable_counter(
        "reduse.distro.resolver.errors",
        callbacks=[errors],
        unit="{request}",
        description="Requests that count as unidentified because a user resolver raised an error.",
    )


def _observe_overflow(provider: MeterProvider, overflow: Overflow) -> None:
    """Report the metrics that have reached the bound of their series."""

    def metrics(_options: CallbackOptions) -> list[Observation]:
        return [Observation(overflow.metrics)]

    provider.get_meter(SCOPE.name, SCOPE.version).create_observable_counter(
        "reduse.distro.overflows",
        callbacks=[metrics],
        unit="{metric}",
        description="Metrics with more sets of attributes than are kept apart.",
    )


def _observe_clock(provider: MeterProvider, telemetry: Telemetry) -> None:
    """Report how far exports are ahead of the wall clock, from its first step on."""

    def lead(_options: CallbackOptions) -> list[Observation]:
        return [Observation(telemetry.clock.lead)] if telemetry.clock.stepped else []

    provider.get_meter(SCOPE.name, SCOPE.version).create_observable_gauge(
        "reduse.distro.clock.lead",
        callbacks=[lead],
        unit="s",
        description="How far the times of exports are ahead of a clock that was set.",
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
