"""The requests that everybody is measured with are those that the distro sends."""

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, NumberDataPoint

from benchmarks.processor.raw_series import METRIC, RawSeries
from benchmarks.processor.traffic import INSTANCES, ROTATION_SECONDS, SECOND, Traffic
from reduse.distro.export.exporter import POINTS_PER_REQUEST
from reduse.processor.otlp.decoding import decode

BEGIN = 1_700_000_000 * SECOND
USERS = 2000
ACTIVE = USERS // ROTATION_SECONDS


def points_of(body: bytes) -> list[HistogramDataPoint]:
    request = ExportMetricsServiceRequest.FromString(body)
    return list(request.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points)


def users_of(bodies: tuple[bytes, ...]) -> set[str]:
    return {p.attributes[0].value.string_value for body in bodies for p in points_of(body) if p.attributes}


def test_a_second_has_an_export_of_each_instance_with_points_as_the_distro_makes_them() -> None:
    second = Traffic(USERS, BEGIN).second()
    assert len(second.bodies) == INSTANCES
    assert len(users_of(second.bodies)) == ACTIVE
    assert second.points == ACTIVE + INSTANCES
    points = [point for body in second.bodies for point in points_of(body)]
    assert sum(point.count for point in points) == second.requests
    for instance, body in enumerate(second.bodies):
        start = BEGIN + instance * SECOND // INSTANCES
        of_instance = points_of(body)
        assert {(p.start_time_unix_nano, p.time_unix_nano) for p in of_instance} == {(start, start + SECOND)}
        assert all(not p.bucket_counts and p.count and p.sum > 0 for p in of_instance)
        assert all(len(p.attributes[0].value.string_value) == 16 for p in of_instance[:-1])
        assert not of_instance[-1].attributes


def test_every_user_comes_once_in_a_rotation() -> None:
    traffic = Traffic(USERS, BEGIN)
    seconds = [traffic.second() for _ in range(ROTATION_SECONDS + 1)]
    assert len(set().union(*(users_of(second.bodies) for second in seconds[:-1]))) == USERS
    assert users_of(seconds[-1].bodies) == users_of(seconds[0].bodies)


def test_a_slice_ends_with_a_second_without_users_and_is_the_same_at_every_run() -> None:
    first, again = (Traffic(USERS, BEGIN).slice(3) for _ in range(2))
    assert first == again
    assert len(first.seconds) == 3
    assert users_of(first.closing.bodies) == set()
    assert first.closing.requests == 0
    assert first.points == 3 * (ACTIVE + INSTANCES) + INSTANCES
    assert first.head(1).requests == first.seconds[0].requests


@pytest.mark.slow
def test_a_request_has_as_many_points_as_the_distro_puts_into_one_at_most() -> None:
    traffic = Traffic((POINTS_PER_REQUEST + 1) * ROTATION_SECONDS * INSTANCES, BEGIN)
    sizes = [len(points_of(body)) for body in traffic.second().bodies]
    assert sizes == [POINTS_PER_REQUEST, 2] * INSTANCES


def test_the_processor_refuses_none_of_it() -> None:
    for body in Traffic(USERS, BEGIN).slice(2).bodies:
        assert not decode(body, 2**63 - 1).refused


def test_raw_series_count_one_request_of_each_user_in_every_ten_seconds() -> None:
    series = RawSeries(USERS, BEGIN)
    bodies = [series.bodies(BEGIN + second * SECOND) for second in range(2 * ROTATION_SECONDS)]
    for turn, count in ((bodies[:ROTATION_SECONDS], 1), (bodies[ROTATION_SECONDS:], 2)):
        counts: dict[str, int] = {}
        for second, each in enumerate(turn, start=(count - 1) * ROTATION_SECONDS):
            for point in (point for body in each for point in raw_points(body)):
                counts[point.attributes[0].value.string_value] = point.as_int
                assert point.time_unix_nano == BEGIN + second * SECOND
        assert len(counts) == series.users
        assert set(counts.values()) == {count}
    assert series.samples == 2 * series.users


@pytest.mark.slow
def test_raw_series_of_a_second_go_out_in_requests_as_large_as_the_distros() -> None:
    bodies = RawSeries((POINTS_PER_REQUEST + 1) * ROTATION_SECONDS, BEGIN).bodies(BEGIN)
    assert [len(raw_points(body)) for body in bodies] == [POINTS_PER_REQUEST, 1]


def raw_points(body: bytes) -> list[NumberDataPoint]:
    (metric,) = ExportMetricsServiceRequest.FromString(body).resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == METRIC
    return list(metric.sum.data_points)
