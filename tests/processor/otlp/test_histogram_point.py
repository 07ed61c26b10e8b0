import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram

from reduse.processor.core.metric import Distribution, Point
from reduse.processor.otlp.histogram_point import histogram_points

TIMES = st.integers(0, 2**64 - 1)
BUCKETS = st.lists(st.integers(0, 2**50), min_size=1, max_size=20)
DISTRIBUTIONS = st.builds(
    lambda buckets, total: Distribution(tuple(map(float, range(len(buckets) - 1))), tuple(buckets), total),
    BUCKETS,
    st.floats(0, 1e12),
)
POINTS = st.lists(st.builds(Point, st.none() | DISTRIBUTIONS, st.dictionaries(st.sampled_from("ab"), st.text("xyz"))))


@given(points=POINTS, start=TIMES, time=TIMES)
def test_the_bytes_are_those_of_the_messages(points: list[Point], start: int, time: int) -> None:
    expected = Histogram()
    for point in points:
        made = expected.data_points.add(start_time_unix_nano=start, time_unix_nano=time)
        made.attributes.extend(
            KeyValue(key=key, value=AnyValue(string_value=text))
            for key, text in {"service": "mes-api", **point.attributes}.items()
        )
        if isinstance(point.value, Distribution):
            made.explicit_bounds.extend(point.value.bounds)
            made.bucket_counts.extend(point.value.buckets)
            made.count, made.sum = sum(point.value.buckets), point.value.sum
        else:
            made.flags = 1
    assert Histogram.FromString(histogram_points(points, "mes-api", start, time)) == expected


def test_a_number_is_no_distribution() -> None:
    with pytest.raises(TypeError, match="needs a distribution"):
        histogram_points([Point(1.0)], "mes-api", 0, 1)


def test_a_distribution_without_requests_is_sent_as_such() -> None:
    encoded = Histogram.FromString(histogram_points([Point(Distribution((1.0,), (0, 0), 0.0))], "mes-api", 0, 1))
    (point,) = encoded.data_points
    assert (point.HasField("sum"), list(point.bucket_counts)) == (True, [0, 0])
