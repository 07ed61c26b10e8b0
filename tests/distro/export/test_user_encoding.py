"""What is encoded by hand is, message for message, what the SDK's own encoder makes of the same points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics
from opentelemetry.sdk.resources import Resource

from reduse.distro.export.points import in_our_scope
from reduse.distro.export.user_encoding import SLICE_POINTS, encode_users
from reduse.distro.export.user_metric import user_metric
from reduse.distro.sources.users.delta import UserPoint
from reduse.wire import RequestClass

RESOURCE = Resource({"service.name": "mes-api", "service.instance.id": "a", "process.pid": 7, "tags": ("x", "y")})
UINT64 = st.integers(0, 2**64 - 1)
USER = st.one_of(st.text("0123456789abcdef", min_size=16, max_size=16), st.text(max_size=300))
REQUEST_CLASS = st.builds(RequestClass, st.sampled_from(["", "price", "p" * 32]), st.booleans())
POINT = st.one_of(
    st.builds(UserPoint, USER, UINT64, st.floats(0, allow_infinity=False), st.just(False), REQUEST_CLASS),
    st.builds(UserPoint, st.none(), UINT64, st.floats(0, allow_infinity=False), st.booleans()),
)


def encoded(points: list[UserPoint], start: int, end: int, attribute: str) -> ExportMetricsServiceRequest:
    payload = encode_users(RESOURCE, start, end, iter(points), attribute, give_way=lambda _seconds: None)
    return ExportMetricsServiceRequest.FromString(payload)


@pytest.mark.slow
@given(st.lists(POINT, min_size=1, max_size=20), UINT64, UINT64, st.sampled_from(["user.hash", "user.id", "ü" * 100]))
def test_it_says_what_the_sdks_encoder_says(points: list[UserPoint], start: int, end: int, attribute: str) -> None:
    data = MetricsData([ResourceMetrics(RESOURCE, [in_our_scope([user_metric(start, end, points, attribute)])], "")])
    assert encoded(points, start, end, attribute) == encode_metrics(data)


def test_a_lone_surrogate_of_an_undecodable_header_is_replaced() -> None:
    (point,) = (
        encoded([UserPoint("a\udcff", 1, 0.5)], 1, 2, "user.id")
        .resource_metrics[0]
        .scope_metrics[0]
        .metrics[0]
        .histogram.data_points
    )
    assert point.attributes[0].value.string_value == "a?"


def test_other_threads_are_given_way_after_each_slice() -> None:
    waits: list[float] = []
    points = [UserPoint(f"{number:016x}", 1, 0.1) for number in range(3 * SLICE_POINTS)]
    payload = encode_users(RESOURCE, 1, 2, iter(points), "user.hash", waits.append)
    assert waits == [0, 0, 0]
    metric = ExportMetricsServiceRequest.FromString(payload).resource_metrics[0].scope_metrics[0].metrics[0]
    assert [point.attributes[0].value.string_value for point in metric.histogram.data_points] == [
        point.user for point in points
    ]
