"""Metrics to OTLP bytes."""

from __future__ import annotations

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

from reduse import __version__
from reduse.processor.core.engine import Emission
from reduse.processor.core.metric import Distribution, Metric, Point, Shape

SERVICE_NAME = "reduse-processor"
SCOPE = "reduse.processor"

_CUMULATIVE = otlp.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_NO_VALUE = int(otlp.DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)


def encode(emission: Emission, instance: str) -> bytes:
    """An ExportMetricsServiceRequest. Several of them, one after another, are again one (protobuf merges)."""
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    resource_metrics.resource.attributes.extend(
        (_attribute("service.name", SERVICE_NAME), _attribute("service.instance.id", instance))
    )
    scope_metrics = resource_metrics.scope_metrics.add()
    scope_metrics.scope.name = SCOPE
    scope_metrics.scope.version = __version__
    scope_metrics.metrics.extend(_metric(metric, emission) for metric in emission.metrics)
    return request.SerializeToString()


def _attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _metric(metric: Metric, emission: Emission) -> otlp.Metric:
    encoded = otlp.Metric(name=metric.name, unit=metric.unit, description=metric.description)
    match metric.shape:
        case Shape.GAUGE:
            encoded.gauge.data_points.extend(_number(p, emission, start=0) for p in metric.points)
        case Shape.COUNTER:
            encoded.sum.is_monotonic = True
            encoded.sum.aggregation_temporality = _CUMULATIVE
            encoded.sum.data_points.extend(_number(p, emission, emission.started) for p in metric.points)
        case Shape.HISTOGRAM:
            encoded.histogram.aggregation_temporality = _CUMULATIVE
            encoded.histogram.data_points.extend(_histogram(p, emission) for p in metric.points)
    return encoded


def _attributes(point: Point, emission: Emission) -> list[KeyValue]:
    return [_attribute(k, v) for k, v in {"service": emission.service, **point.attributes}.items()]


def _number(point: Point, emission: Emission, start: int) -> otlp.NumberDataPoint:
    encoded = otlp.NumberDataPoint(
        attributes=_attributes(point, emission), start_time_unix_nano=start, time_unix_nano=emission.time
    )
    match point.value:
        case None:
            encoded.flags = _NO_VALUE
        case int():
            encoded.as_int = point.value
        case float():
            encoded.as_double = point.value
        case Distribution():
            raise TypeError("a distribution is only for a histogram")
    return encoded


def _histogram(point: Point, emission: Emission) -> otlp.HistogramDataPoint:
    encoded = otlp.HistogramDataPoint(
        attributes=_attributes(point, emission),
        start_time_unix_nano=emission.started,
        time_unix_nano=emission.time,
    )
    if point.value is None:
        encoded.flags = _NO_VALUE
        return encoded
    if not isinstance(point.value, Distribution):
        raise TypeError("a histogram needs a distribution")
    encoded.explicit_bounds.extend(point.value.bounds)
    encoded.bucket_counts.extend(point.value.buckets)
    encoded.count = sum(point.value.buckets)
    encoded.sum = point.value.sum
    return encoded
