"""Metrics to OTLP bytes.

What is alike in every window is encoded once, by protobuf's own classes; the rest is put around and between it.
"""

from __future__ import annotations

from functools import lru_cache

from opentelemetry.proto.metrics.v1 import metrics_pb2

from reduse import __version__, otlp
from reduse.processor.core.engine import Emission
from reduse.processor.core.metric import Metric, Shape
from reduse.processor.otlp.histogram_point import histogram_points
from reduse.processor.otlp.number_point import attribute, number_points
from reduse.processor.otlp.protobuf import delimited

SERVICE_NAME = "reduse-processor"
SCOPE = "reduse.processor"

# More names than anybody's processors have.
_METRICS_KEPT = 1024
_CUMULATIVE = metrics_pb2.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_OF_SUM = metrics_pb2.Sum(aggregation_temporality=_CUMULATIVE, is_monotonic=True).SerializeToString()
_OF_HISTOGRAM = metrics_pb2.Histogram(aggregation_temporality=_CUMULATIVE).SerializeToString()


def encode(emission: Emission, instance: str) -> bytes:
    """An ExportMetricsServiceRequest. Several of them, one after another, are again one (protobuf merges)."""
    resource, scope = _head(instance)
    metrics = [delimited(otlp.ScopeMetrics.METRICS, *_encoded(metric, emission)) for metric in emission.metrics]
    return delimited(
        otlp.Request.RESOURCE_METRICS, resource, delimited(otlp.ResourceMetrics.SCOPE_METRICS, scope, *metrics)
    )


@lru_cache(1)
def _head(instance: str) -> tuple[bytes, bytes]:
    """The field `resource` of a ResourceMetrics, the field `scope` of a ScopeMetrics."""
    resource_metrics, scope_metrics = metrics_pb2.ResourceMetrics(), metrics_pb2.ScopeMetrics()
    resource_metrics.resource.attributes.extend(
        (attribute("service.name", SERVICE_NAME), attribute("service.instance.id", instance))
    )
    scope_metrics.scope.name = SCOPE
    scope_metrics.scope.version = __version__
    return resource_metrics.SerializeToString(), scope_metrics.SerializeToString()


def _encoded(metric: Metric, emission: Emission) -> tuple[bytes, bytes]:
    """The fields of a Metric: those that are alike in every window, and its data."""
    points, service, started, time = metric.points, emission.service, emission.started, emission.time
    match metric.shape:
        case Shape.GAUGE:
            data = delimited(otlp.Metric.GAUGE, number_points(points, service, 0, time))
        case Shape.COUNTER:
            data = delimited(otlp.Metric.SUM, number_points(points, service, started, time), _OF_SUM)
        case Shape.HISTOGRAM:
            data = delimited(otlp.Metric.HISTOGRAM, histogram_points(points, service, started, time), _OF_HISTOGRAM)
    return _metric_head(metric.name, metric.unit, metric.description), data


@lru_cache(_METRICS_KEPT)
def _metric_head(name: str, unit: str, description: str) -> bytes:
    return metrics_pb2.Metric(name=name, unit=unit, description=description).SerializeToString()
