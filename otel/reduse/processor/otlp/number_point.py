"""A number as the bytes of an OTLP NumberDataPoint: a window has hundreds, and a message for each takes longer.

opentelemetry/proto/metrics/v1/metrics.proto, NumberDataPoint; the encoding is protobuf's.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from reduse.processor.otlp.points import NO_RECORDED_VALUE

# Most points of a window have the attributes of one in the window before: the top users seldom change.
ATTRIBUTES_KEPT = 4096

# start_time_unix_nano = 2, time_unix_nano = 3, as_double = 4 or as_int = 6: a byte with field and wire type (fixed64,
# little-endian) before each.
_START, _TIME, _DOUBLE, _INT = 0x11, 0x19, 0x21, 0x31
_OF_DOUBLE = struct.Struct("<BQBQBd")
_OF_INT = struct.Struct("<BQBQBq")
_OF_NOTHING = struct.Struct("<BQBQ")
_ENDED = NumberDataPoint(flags=NO_RECORDED_VALUE).SerializeToString()


def number_point(attributes: tuple[tuple[str, str], ...], start: int, time: int, value: float | None) -> bytes:
    """`start` and `time` in Unix ns; a value of None says that the series has ended."""
    match value:
        case None:
            rest = _OF_NOTHING.pack(_START, start, _TIME, time) + _ENDED
        case int():
            rest = _OF_INT.pack(_START, start, _TIME, time, _INT, value)
        case float():
            rest = _OF_DOUBLE.pack(_START, start, _TIME, time, _DOUBLE, value)
    return _encoded(attributes) + rest


@lru_cache(ATTRIBUTES_KEPT)
def _encoded(attributes: tuple[tuple[str, str], ...]) -> bytes:
    return NumberDataPoint(attributes=[attribute(*pair) for pair in attributes]).SerializeToString()


def attribute(key: str, text: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=text))
