"""Users as Prometheus would have them: a cumulative count with the label of the user, a series for each."""

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, NumberDataPoint

from benchmarks.processor.traffic import ROTATION_SECONDS, SERVICE, USER_ATTRIBUTE
from reduse.distro.export.exporter import POINTS_PER_REQUEST

METRIC = "raw.user.requests"
PROMETHEUS_NAME = "raw_user_requests_total"


class RawSeries:
    """`users` series, a tenth of them written in each second, in turn; each sample counts one more request of its user.

    `start`: Unix ns.
    """

    def __init__(self, users: int, start: int) -> None:
        self.users = users
        self.samples = 0
        self._turn = 0
        self._turns = [_requests(range(turn, users, ROTATION_SECONDS), start) for turn in range(ROTATION_SECONDS)]

    def bodies(self, now: int) -> list[bytes]:
        """Request bodies of the users whose turn it is, as of `now` (Unix ns)."""
        count = self._turn // ROTATION_SECONDS + 1
        bodies = []
        for request, points in self._turns[self._turn % ROTATION_SECONDS]:
            for point in points:
                point.time_unix_nano = now
                point.as_int = count
            bodies.append(request.SerializeToString())
            self.samples += len(points)
        self._turn += 1
        return bodies


def _requests(users: range, start: int) -> list[tuple[ExportMetricsServiceRequest, list[NumberDataPoint]]]:
    size = POINTS_PER_REQUEST
    return [_request(users[first : first + size], start) for first in range(0, len(users), size)]


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
