from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from reduse.processor.otlp.number_point import number_point

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TIMES = st.integers(0, 2**64 - 1)
VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)


@given(attributes=st.lists(st.tuples(TEXTS, TEXTS)).map(tuple), start=TIMES, time=TIMES, value=VALUES)
def test_the_bytes_are_those_of_the_message(
    attributes: tuple[tuple[str, str], ...], start: int, time: int, value: float | None
) -> None:
    message = NumberDataPoint(start_time_unix_nano=start, time_unix_nano=time)
    message.attributes.extend(KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in attributes)
    match value:
        case None:
            message.flags = 1
        case int():
            message.as_int = value
        case float():
            message.as_double = value
    assert NumberDataPoint.FromString(number_point(attributes, start, time, value)) == message
