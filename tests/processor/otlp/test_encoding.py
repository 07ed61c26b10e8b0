from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.processor.core.engine import Emission
from reduse.processor.core.metric import Distribution, Metric, Point, Shape
from reduse.processor.otlp.encoding import encode

METRICS = (
    Metric("g", "1", Shape.GAUGE, (Point(1.5, {"user": "a"}), Point(None, {"user": "b"}))),
    Metric("c", "{request}", Shape.COUNTER, (Point(7),)),
    Metric("h", "s", Shape.HISTOGRAM, (Point(Distribution((1.0,), (2, 3), 9.0)),)),
)


def test_metrics_are_otlp_with_resource_scope_and_times() -> None:
    request = ExportMetricsServiceRequest.FromString(encode(Emission("mes-api", 5, 9, METRICS), "id"))
    (resource_metrics,) = request.resource_metrics
    gauge, counter, histogram = resource_metrics.scope_metrics[0].metrics

    assert {a.key: a.value.string_value for a in resource_metrics.resource.attributes} == {
        "service.name": "reduse-processor",
        "service.instance.id": "id",
    }
    assert resource_metrics.scope_metrics[0].scope.name == "reduse.processor"
    assert [(p.as_double, p.flags) for p in gauge.gauge.data_points] == [(1.5, 0), (0.0, 1)]
    assert {a.key: a.value.string_value for a in gauge.gauge.data_points[0].attributes} == {
        "service": "mes-api",
        "user": "a",
    }
    (total,) = counter.sum.data_points
    assert (total.as_int, total.start_time_unix_nano, total.time_unix_nano) == (7, 5, 9)
    assert counter.sum.is_monotonic
    (spread,) = histogram.histogram.data_points
    assert (spread.count, spread.sum, list(spread.bucket_counts)) == (5, 9.0, [2, 3])


def test_payloads_one_after_another_are_one_payload() -> None:
    joined = b"".join(encode(Emission("mes-api", 5, time, METRICS), "id") for time in (9, 10))

    assert len(ExportMetricsServiceRequest.FromString(joined).resource_metrics) == 2
