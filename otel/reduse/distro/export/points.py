"""Our aggregations as the SDK's own data classes, so that any metric exporter can send them.

The SDK declares `min` and `max` of a histogram point as numbers, OTLP as optional; None leaves them out.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics import Exemplar as SdkExemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.semconv.schemas import Schemas

from reduse import __version__
from reduse.distro.aggregation import Exemplar, HistogramState, SumState
from reduse.distro.database.aggregation import DURATION_BOUNDS as DATABASE_BOUNDS
from reduse.distro.http.aggregation import HttpState
from reduse.distro.http.attributes import DURATION_BOUNDS
from reduse.distro.messaging.aggregation import MessagingState
from reduse.distro.runtime.event_loop import DELAY_BOUNDS

SCHEMA_URL = Schemas.V1_44_0.value
SCOPE = InstrumentationScope("reduse.distro", __version__, SCHEMA_URL)
_ABSENT: Any = None


def in_our_scope(metrics: Sequence[Metric]) -> ScopeMetrics:
    """The metrics under this package's instrumentation scope."""
    return ScopeMetrics(scope=SCOPE, metrics=metrics, schema_url=SCHEMA_URL)


def http_metrics(state: HttpState, end: int) -> list[Metric]:
    """`http.server.request.duration` and `http.server.active_requests`, cumulative up to `end`."""
    return [
        _histogram(
            "http.server.request.duration",
            "Duration of HTTP server requests.",
            state.durations,
            end,
            state.bounds,
        ),
        _sum(
            "http.server.active_requests",
            "Number of active HTTP server requests.",
            "{request}",
            state.active,
            end,
            monotonic=False,
        ),
    ]


def messaging_metrics(state: MessagingState, end: int) -> list[Metric]:
    """`messaging.client.sent.messages`, `.consumed.messages`, `.operation.duration` and `messaging.process.duration`.

    All are cumulative, up to `end`.
    """
    metrics: list[Metric] = []
    if state.sent:
        name, text = "messaging.client.sent.messages", "Number of messages producer attempted to send to the broker."
        metrics.append(_sum(name, text, "{message}", state.sent, end, monotonic=True))
    if state.consumed:
        name, text = "messaging.client.consumed.messages", "Number of messages that were delivered to the application."
        metrics.append(_sum(name, text, "{message}", state.consumed, end, monotonic=True))
    if state.operations:
        name, text = "messaging.client.operation.duration", "Duration of messaging operation initiated by a client."
        metrics.append(_histogram(name, text, state.operations, end))
    if state.process:
        name, text = "messaging.process.duration", "Duration of processing operation."
        metrics.append(_histogram(name, text, state.process, end))
    return metrics


def database_metrics(operations: Sequence[HistogramState], end: int) -> list[Metric]:
    """`db.client.operation.duration`, cumulative up to `end`."""
    if not operations:
        return []
    name, text = "db.client.operation.duration", "Duration of database client operations."
    return [_histogram(name, text, operations, end, DATABASE_BOUNDS)]


def event_loop_metrics(delays: Sequence[HistogramState], end: int) -> list[Metric]:
    """`reduse.event_loop.delay`, cumulative up to `end`."""
    if not delays:
        return []
    name, text = "reduse.event_loop.delay", "How late the event loop ran a timer that was due."
    return [_histogram(name, text, delays, end, DELAY_BOUNDS)]


def _histogram(
    name: str,
    description: str,
    states: Sequence[HistogramState],
    end: int,
    bounds: tuple[float, ...] = DURATION_BOUNDS,
) -> Metric:
    return Metric(
        name=name,
        description=description,
        unit="s",
        data=Histogram(
            data_points=[
                HistogramDataPoint(
                    attributes=state.attributes,
                    start_time_unix_nano=state.start,
                    time_unix_nano=end,
                    count=sum(state.bucket_counts),
                    sum=state.total,
                    bucket_counts=state.bucket_counts,
                    explicit_bounds=bounds,
                    min=_ABSENT,
                    max=_ABSENT,
                    exemplars=[_exemplar(exemplar) for exemplar in state.exemplars],
                )
                for state in states
            ],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
        ),
    )


def _exemplar(exemplar: Exemplar) -> SdkExemplar:
    # Every attribute of the measurement is on the point, so none was filtered.
    return SdkExemplar({}, exemplar.value, exemplar.time, exemplar.span_id, exemplar.trace_id)


def _sum(
    name: str,
    description: str,
    unit: str,
    states: Sequence[SumState],
    end: int,
    *,
    monotonic: bool,
) -> Metric:
    return Metric(
        name=name,
        description=description,
        unit=unit,
        data=Sum(
            data_points=[NumberDataPoint(state.attributes, state.start, end, state.value) for state in states],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
            is_monotonic=monotonic,
        ),
    )
