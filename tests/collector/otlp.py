"""Exports as SDKs of any language send them, made by hand: the time, start and value of each point are the test's."""

from collections.abc import Iterable, Sequence

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

SECOND = 1_000_000_000
CUMULATIVE = AGGREGATION_TEMPORALITY_CUMULATIVE


def attributes(given: dict[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(key=key, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value))
        for key, value in given.items()
    ]


def export(*resources: ResourceMetrics) -> bytes:
    """The body of one call."""
    return ExportMetricsServiceRequest(resource_metrics=resources).SerializeToString()


def resource(service: str, *metrics: Metric, scope: str = "", **given: str | int) -> ResourceMetrics:
    """What an SDK sends of one process; `given` are other attributes, with `_` in the place of dots."""
    own = {key.replace("_", "."): value for key, value in given.items()}
    return ResourceMetrics(
        resource=Resource(
            attributes=attributes({"service.name": service, "telemetry.sdk.name": "opentelemetry", **own})
        ),
        scope_metrics=[ScopeMetrics(scope=InstrumentationScope(name=scope), metrics=metrics)],
    )


def gauge(name: str, at: int, values: Iterable[float], key: str = "") -> Metric:
    """One point for each value; with a `key` its number is an attribute of that name."""
    points = [
        NumberDataPoint(time_unix_nano=at, as_double=value, attributes=attributes({key: str(number)}) if key else None)
        for number, value in enumerate(values)
    ]
    return Metric(name=name, gauge=Gauge(data_points=points))


def counter(name: str, start: int, at: int, value: int) -> Metric:
    point = NumberDataPoint(start_time_unix_nano=start, time_unix_nano=at, as_int=value)
    return Metric(name=name, sum=Sum(data_points=[point], is_monotonic=True, aggregation_temporality=CUMULATIVE))


def histogram(
    name: str,
    start: int,
    at: int,
    counts: Sequence[int],
    *,
    temporality: AggregationTemporality.ValueType = CUMULATIVE,
    given: dict[str, str | int] | None = None,
) -> Metric:
    """With the bounds 1, 2 and so on, as many as it takes."""
    point = HistogramDataPoint(
        start_time_unix_nano=start,
        time_unix_nano=at,
        count=sum(counts),
        sum=float(sum(counts)),
        bucket_counts=counts,
        explicit_bounds=[float(bound + 1) for bound in range(len(counts) - 1)],
        attributes=attributes(given or {}),
    )
    return Metric(name=name, unit="s", histogram=Histogram(data_points=[point], aggregation_temporality=temporality))


def exponential(name: str, start: int, at: int) -> Metric:
    point = ExponentialHistogramDataPoint(start_time_unix_nano=start, time_unix_nano=at, count=6, sum=7.0, scale=3)
    point.positive.bucket_counts.extend((1, 2, 3))
    return Metric(
        name=name,
        exponential_histogram=ExponentialHistogram(data_points=[point], aggregation_temporality=CUMULATIVE),
    )
