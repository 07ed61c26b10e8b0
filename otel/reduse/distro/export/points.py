"""Our aggregations as the SDK's own data classes, so that any metric exporter can send them.

The SDK declares `min` and `max` of a histogram point as numbers, OTLP as optional; None leaves them out.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics import Exemplar as SdkExemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from reduse import __version__
from reduse.distro.base.aggregation import Exemplar
from reduse.distro.base.source import CollectedMetric, GaugeMetric, HistogramMetric, SumMetric

# Not the constant of opentelemetry-semantic-conventions, which older versions have not got.
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
SCOPE = InstrumentationScope("reduse.distro", __version__, SCHEMA_URL)
_ABSENT: Any = None


def in_our_scope(metrics: Sequence[Metric]) -> ScopeMetrics:
    """The metrics under this package's instrumentation scope."""
    return ScopeMetrics(scope=SCOPE, metrics=metrics, schema_url=SCHEMA_URL)


def sdk_metric(metric: CollectedMetric, end: int) -> Metric:
    """A metric of our aggregations, cumulative up to `end`, nanoseconds of Unix time."""
    if isinstance(metric, HistogramMetric):
        return _histogram(metric, end)
    return _sum(metric, end) if isinstance(metric, SumMetric) else _gauge(metric, end)


def _histogram(metric: HistogramMetric, end: int) -> Metric:
    return Metric(
        name=metric.name,
        description=metric.description,
        unit=metric.unit,
        data=Histogram(
            data_points=[
                HistogramDataPoint(
                    attributes=state.attributes,
                    start_time_unix_nano=state.start,
                    time_unix_nano=end,
                    count=sum(state.bucket_counts),
                    sum=state.total,
                    bucket_counts=state.bucket_counts,
                    explicit_bounds=metric.bounds,
                    min=_ABSENT,
                    max=_ABSENT,
                    exemplars=[_exemplar(exemplar) for exemplar in state.exemplars],
                )
                for state in metric.states
            ],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
        ),
    )


def _exemplar(exemplar: Exemplar) -> SdkExemplar:
    # Every attribute of the measurement is on the point, so none was filtered.
    return SdkExemplar({}, exemplar.value, exemplar.time, exemplar.span_id, exemplar.trace_id)


def _sum(metric: SumMetric, end: int) -> Metric:
    return Metric(
        name=metric.name,
        description=metric.description,
        unit=metric.unit,
        data=Sum(
            data_points=[NumberDataPoint(state.attributes, state.start, end, state.value) for state in metric.states],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
            is_monotonic=metric.monotonic,
        ),
    )


def _gauge(metric: GaugeMetric, end: int) -> Metric:
    points = [NumberDataPoint(state.attributes, state.start, end, state.value) for state in metric.states]
    return Metric(name=metric.name, description=metric.description, unit=metric.unit, data=Gauge(points))
