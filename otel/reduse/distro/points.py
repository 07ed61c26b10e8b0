"""Our aggregations as the SDK's own data classes, so that any metric exporter can send them.

The SDK declares `min` and `max` of a histogram point as numbers, OTLP as optional; None leaves them out.
"""

from collections.abc import Sequence
from typing import Any

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
from reduse.distro.aggregation import OVERFLOW_ATTRIBUTE, AttributeValue, HistogramState, SumState
from reduse.distro.http.aggregation import HttpState
from reduse.distro.http.attributes import DURATION_BOUNDS
from reduse.distro.messaging.aggregation import MessagingState
from reduse.distro.users.delta import UserDelta, UserPoint

USER_ATTRIBUTE = "user.hash"

_SCHEMA_URL = Schemas.V1_44_0.value
SCOPE = InstrumentationScope("reduse.distro", __version__, _SCHEMA_URL)
_ABSENT: Any = None


def in_our_scope(metrics: Sequence[Metric]) -> ScopeMetrics:
    """The metrics under this package's instrumentation scope."""
    return ScopeMetrics(scope=SCOPE, metrics=metrics, schema_url=_SCHEMA_URL)


def http_metrics(state: HttpState) -> list[Metric]:
    """`http.server.request.duration` and `http.server.active_requests`, cumulative."""
    return [
        _histogram(
            "http.server.request.duration",
            "Duration of HTTP server requests.",
            state.durations,
            state.start,
            state.end,
        ),
        _sum(
            "http.server.active_requests",
            "Number of active HTTP server requests.",
            "{request}",
            state.active,
            state.start,
            state.end,
            monotonic=False,
        ),
    ]


def messaging_metrics(state: MessagingState, end: int) -> list[Metric]:
    """`messaging.client.sent.messages`, `.consumed.messages` and `messaging.process.duration`, cumulative."""
    metrics: list[Metric] = []
    if state.sent:
        name, text = "messaging.client.sent.messages", "Number of messages given to the broker."
        metrics.append(_sum(name, text, "{message}", state.sent, state.start, end, monotonic=True))
    if state.consumed:
        name, text = "messaging.client.consumed.messages", "Number of messages taken from a queue."
        metrics.append(_sum(name, text, "{message}", state.consumed, state.start, end, monotonic=True))
    if state.process:
        name, text = "messaging.process.duration", "Duration of processing a message."
        metrics.append(_histogram(name, text, state.process, state.start, end))
    return metrics


def user_metric(delta: UserDelta, points: Sequence[UserPoint]) -> Metric:
    """`reduse.user.request.duration`: some of a delta's points, each a histogram without bounds."""
    return Metric(
        name="reduse.user.request.duration",
        description="Duration of HTTP server requests by pseudonymous user.",
        unit="s",
        data=Histogram(
            data_points=[
                HistogramDataPoint(
                    attributes=_user_attributes(point),
                    start_time_unix_nano=delta.start,
                    time_unix_nano=delta.end,
                    count=point.count,
                    sum=point.seconds,
                    bucket_counts=(point.count,),
                    explicit_bounds=(),
                    min=_ABSENT,
                    max=_ABSENT,
                )
                for point in points
            ],
            aggregation_temporality=AggregationTemporality.DELTA,
        ),
    )


def _user_attributes(point: UserPoint) -> dict[str, AttributeValue]:
    if point.user is not None:
        return {USER_ATTRIBUTE: point.user}
    return {OVERFLOW_ATTRIBUTE: True} if point.overflow else {}


def _histogram(name: str, description: str, states: Sequence[HistogramState], start: int, end: int) -> Metric:
    return Metric(
        name=name,
        description=description,
        unit="s",
        data=Histogram(
            data_points=[
                HistogramDataPoint(
                    attributes=state.attributes,
                    start_time_unix_nano=start,
                    time_unix_nano=end,
                    count=sum(state.bucket_counts),
                    sum=state.total,
                    bucket_counts=state.bucket_counts,
                    explicit_bounds=DURATION_BOUNDS,
                    min=_ABSENT,
                    max=_ABSENT,
                )
                for state in states
            ],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
        ),
    )


def _sum(
    name: str,
    description: str,
    unit: str,
    states: Sequence[SumState],
    start: int,
    end: int,
    *,
    monotonic: bool,
) -> Metric:
    return Metric(
        name=name,
        description=description,
        unit=unit,
        data=Sum(
            data_points=[NumberDataPoint(state.attributes, start, end, state.value) for state in states],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
            is_monotonic=monotonic,
        ),
    )
