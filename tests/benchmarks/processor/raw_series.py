"""Users as Prometheus would have them: a cumulative count with the label of the user, a series for each."""

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, NumberDataPoint

from reduse.distro.export.exporter import POINTS_PER_REQUEST
from tests.benchmarks.processor.traffic import SERVICE, USER_ATTRIBUTE

METRIC = "raw.user.requests"
PROMETHEUS_NAME = "raw_user_requests_total"


class RawSeries:
    """`users` series; each call of `bodies` counts one more request of every user. `start`: Unix ns."""

    def __init__(self, users: int, start: int) -> None:
        self.users = users
        self.count = 0
        self._requests = [
            _request(range(first, min(first + POINTS_PER_REQUEST, users)), start)
            for first in range(0, users, POINTS_PER_REQUEST)
        ]

    def bodies(self, now: int) -> list[bytes]:
        """Request bodies with all series as of `now` (Unix ns)."""
        self.count += 1
        bodies = []
        for request, points in self._requests:
            for point in points:
                point.time_unix_nano = now
                point.as_int = self.count
            bodies.append(request.SerializeToString())
        return bodies


def _request(users: range, start: int) -> tuple[ExportMetricsServiceRequest, list[NumberDataPoint]]:
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    for key, value in (("service.name", SERVICE), ("service.instance.id", "instance-0")):
        resource_metrics.resource.attributes.add(key=key).value.string_value = value
    metric = resource_metrics.scope_metrics.add().metrics.add(name=METRIC)
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    points = []
    for user in users:
        point = metric.sum.data_points.add(start_time_unix_nano=start)
        point.attributes.add(key=USER_ATTRIBUTE).value.string_value = f"{user:016x}"
        points.append(point)
    return request, points
