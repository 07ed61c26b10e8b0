"""Numbers as the bytes of OTLP's data points: a window has hundreds, and a message for each takes longer.

opentelemetry/proto/metrics/v1/metrics.proto, NumberDataPoint; the encoding is protobuf's.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from reduse.otlp import Data, NumberPoint
from reduse.processor.core.metric import Column, Distribution, Labels, Point
from reduse.processor.otlp.points import NO_RECORDED_VALUE
from reduse.processor.otlp.protobuf import fixed64, prefix

# Of points whose attributes are not `Labels`: most have those of one in the window before.
ATTRIBUTES_KEPT = 4096
SERVICES_KEPT = 256

_START, _TIME = fixed64(NumberPoint.START_TIME), fixed64(NumberPoint.TIME)
_DOUBLE, _INT = fixed64(NumberPoint.AS_DOUBLE), fixed64(NumberPoint.AS_INT)
# Of nearly all points.
_PREFIXES = [prefix(Data.DATA_POINTS, length) for length in range(256)]
_pack_time = Struct("<BQ").pack
_pack_double = Struct("<Bd").pack
_pack_int = Struct("<Bq").pack
_ENDED = NumberDataPoint(flags=NO_RECORDED_VALUE).SerializeToString()


def number_points(points: Iterable[Point], service: str, start: int, time: int) -> bytes:
    """The field `data_points` of each. `start` (0: not said) and `time` in Unix ns; a value of None says that the
    series has ended."""
    common = _of_service(service) + (_pack_time(_START, start) if start else b"") + _pack_time(_TIME, time)
    size = len(common)
    parts: list[bytes] = []
    pairs = zip(points.values, points.series.labels, strict=True) if type(points) is Column else points
    for value, labels in pairs:
        if type(value) is float:
            number = _pack_double(_DOUBLE, value)
        elif value is None:
            number = _ENDED
        elif isinstance(value, Distribution):
            raise TypeError("a distribution is only for a histogram")
        else:
            number = _pack_int(_INT, value) if isinstance(value, int) else _pack_double(_DOUBLE, value)
        if type(labels) is not Labels:
            attributes = _encoded(tuple(labels.items()))
        elif labels.encoded is None:
            attributes = labels.encoded = _encoded(tuple(labels.items()))
        else:
            attributes = labels.encoded
        length = size + len(attributes) + len(number)
        before = _PREFIXES[length] if length < len(_PREFIXES) else prefix(Data.DATA_POINTS, length)
        parts += before, common, attributes, number
    return b"".join(parts)


@lru_cache(ATTRIBUTES_KEPT)
def _encoded(attributes: tuple[tuple[str, str], ...]) -> bytes:
    """The field `attributes` of each."""
    return NumberDataPoint(attributes=[attribute(*pair) for pair in attributes]).SerializeToString()


@lru_cache(SERVICES_KEPT)
def _of_service(service: str) -> bytes:
    return _encoded((("service", service),))


def attribute(key: str, text: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=text))
