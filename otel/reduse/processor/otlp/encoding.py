"""Metrics to OTLP bytes."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

from reduse import __version__
from reduse.processor.core.engine import Emission
from reduse.processor.core.metric import Distribution, Metric, Point, Shape
from reduse.processor.otlp.number_point import attribute, number_point
from reduse.processor.otlp.points import NO_RECORDED_VALUE

SERVICE_NAME = "reduse-processor"
SCOPE = "reduse.processor"

_CUMULATIVE = otlp.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def encode(emission: Emission, instance: str) -> bytes:
    """An ExportMetricsServiceRequest. Several of them, one after another, are again one (protobuf merges)."""
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    resource_metrics.resource.attributes.extend(
        (attribute("service.name", SERVICE_NAME), attribute("service.instance.id", instance))
    )
    scope_metrics = resource_metrics.scope_metrics.add()
    scope_metrics.scope.name = SCOPE
    scope_metrics.scope.version = __version__
    for metric in emission.metrics:
        _encode_metric(metric, emission, scope_metrics.metrics.add())
    return request.SerializeToString()


def _encode_metric(metric: Metric, emission: Emission, encoded: otlp.Metric) -> None:
    encoded.name, encoded.unit, encoded.description = metric.name, metric.unit, metric.description
    match metric.shape:
        case Shape.GAUGE:
            _add_numbers(encoded.gauge, metric.points, emission, start=0)
        case Shape.COUNTER:
            encoded.sum.is_monotonic = True
            encoded.sum.aggregation_temporality = _CUMULATIVE
            _add_numbers(encoded.sum, metric.points, emission, emission.started)
        case Shape.HISTOGRAM:
            encoded.histogram.aggregation_temporality = _CUMULATIVE
            encoded.histogram.data_points.extend(_histogram(p, emission) for p in metric.points)


def _attributes(point: Point, emission: Emission) -> tuple[tuple[str, str], ...]:
    return ("service", emission.service), *point.attributes.items()


def _add_numbers(data: otlp.Gauge | otlp.Sum, points: Iterable[Point], emission: Emission, start: int) -> None:
    for point in points:
        if isinstance(point.value, Distribution):
            raise TypeError("a distribution is only for a histogram")
        data.data_points.add().MergeFromString(
            number_point(_attributes(point, emission), start, emission.time, point.value)
        )


def _histogram(point: Point, emission: Emission) -> otlp.HistogramDataPoint:
    encoded = otlp.HistogramDataPoint(
        attributes=[attribute(*pair) for pair in _attributes(point, emission)],
        start_time_unix_nano=emission.started,
        time_unix_nano=emission.time,
    )
    if point.value is None:
        encoded.flags = NO_RECORDED_VALUE
        return encoded
    if not isinstance(point.value, Distribution):
        raise TypeError("a histogram needs a distribution")
    encoded.explicit_bounds.extend(point.value.bounds)
    encoded.bucket_counts.extend(point.value.buckets)
    encoded.count = sum(point.value.buckets)
    encoded.sum = point.value.sum
    return encoded
