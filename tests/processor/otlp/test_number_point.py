from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, NumberDataPoint

from reduse.processor.core.metric import Distribution, Labels, Point
from reduse.processor.otlp.number_point import number_points

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TIMES = st.integers(0, 2**64 - 1)
VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
ATTRIBUTES = st.dictionaries(TEXTS.filter(lambda name: name not in ("service", "self")), TEXTS | st.just("x" * 300))
POINTS = st.lists(st.builds(Point, VALUES, ATTRIBUTES | ATTRIBUTES.map(lambda texts: Labels(**texts))))


def message(attributes: Mapping[str, str], service: str, start: int, time: int, value: float | None) -> NumberDataPoint:
    made = NumberDataPoint(start_time_unix_nano=start, time_unix_nano=time)
    made.attributes.extend(
        KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in {"service": service, **attributes}.items()
    )
    match value:
        case None:
            made.flags = 1
        case int():
            made.as_int = value
        case float():
            made.as_double = value
    return made


@given(points=POINTS, service=TEXTS, start=TIMES, time=TIMES)
def test_the_bytes_are_those_of_the_messages(points: list[Point], service: str, start: int, time: int) -> None:
    expected = Gauge()
    for point in points:
        assert not isinstance(point.value, Distribution)
        expected.data_points.append(message(point.attributes, service, start, time, point.value))
    for _ in ("encoded for the first time", "with what is kept"):
        assert Gauge.FromString(number_points(points, service, start, time)) == expected


def test_a_distribution_is_no_number() -> None:
    with pytest.raises(TypeError, match="only for a histogram"):
        number_points([Point(Distribution((), (1,), 1.0))], "mes-api", 0, 1)
