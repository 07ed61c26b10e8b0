"""Requests as a watched service's exporter makes them."""

from collections.abc import Iterable

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, HistogramDataPoint, Metric

METRIC = "reduse.user.request.duration"
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
SECOND = 1_000_000_000


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def point(
    start: int,
    time: int,
    count: int,
    user: str | None = None,
    seconds: float | None = None,
    overflow: bool = False,
    policy: str = "",
    throttled: bool = False,
) -> HistogramDataPoint:
    """Of a user, of overflow, or else of unidentified requests."""
    made = HistogramDataPoint(
        start_time_unix_nano=start,
        time_unix_nano=time,
        count=count,
        sum=count * 0.01 if seconds is None else seconds,
        bucket_counts=[count],
    )
    if user is not None:
        made.attributes.append(text("user.hash", user))
    if policy:
        made.attributes.append(text("reduse.policy", policy))
    if throttled:
        made.attributes.append(KeyValue(key="http.response.status_code", value=AnyValue(int_value=429)))
    if overflow:
        made.attributes.append(KeyValue(key="otel.metric.overflow", value=AnyValue(bool_value=True)))
    return made


def request(
    points: Iterable[HistogramDataPoint],
    service: str = "mes-api",
    instance: str = "one",
    name: str = METRIC,
    temporality: AggregationTemporality.ValueType = DELTA,
) -> ExportMetricsServiceRequest:
    made = ExportMetricsServiceRequest()
    resource_metrics = made.resource_metrics.add()
    resource_metrics.resource.attributes.extend([text("service.name", service), text("service.instance.id", instance)])
    metric = Metric(name=name, unit="s")
    metric.histogram.aggregation_temporality = temporality
    metric.histogram.data_points.extend(points)
    resource_metrics.scope_metrics.add().metrics.append(metric)
    return made


def export(
    start: int, time: int, users: dict[str, int], anonymous: int = 0, instance: str = "one", service: str = "mes-api"
) -> ExportMetricsServiceRequest:
    """What one instance sends each interval: its users, and the heartbeat."""
    points = [point(start, time, count, user) for user, count in users.items()]
    return request([*points, point(start, time, anonymous)], service, instance)
