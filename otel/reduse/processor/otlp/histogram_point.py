"""Distributions as the bytes of OTLP's data points.

opentelemetry/proto/metrics/v1/metrics.proto, HistogramDataPoint; the encoding is protobuf's.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct, pack

from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint

from reduse.otlp import Data, HistogramPoint
from reduse.processor.core.metric import Distribution, Point
from reduse.processor.otlp.number_point import attribute
from reduse.processor.otlp.points import NO_RECORDED_VALUE
from reduse.processor.otlp.protobuf import delimited, fixed64, prefix

_KEPT = 256

_START, _TIME = fixed64(HistogramPoint.START_TIME), fixed64(HistogramPoint.TIME)
_COUNT, _SUM = fixed64(HistogramPoint.COUNT), fixed64(HistogramPoint.SUM)
_pack_times = Struct("<BQBQ").pack
_pack_count_and_sum = Struct("<BQBd").pack
_ENDED = HistogramDataPoint(flags=NO_RECORDED_VALUE).SerializeToString()


def histogram_points(points: Iterable[Point], service: str, start: int, time: int) -> bytes:
    """The field `data_points` of each in a Histogram; times in Unix ns."""
    parts: list[bytes] = []
    for point in points:
        value = point.value
        encoded = [_attributes((("service", service), *point.attributes.items()))]
        encoded.append(_pack_times(_START, start, _TIME, time))
        if isinstance(value, Distribution):
            buckets = value.buckets
            encoded += (
                _bounds(value.bounds),
                prefix(HistogramPoint.BUCKET_COUNTS, 8 * len(buckets)),
                pack(f"<{len(buckets)}Q", *buckets),
                _pack_count_and_sum(_COUNT, sum(buckets), _SUM, value.sum),
            )
        elif value is None:
            encoded.append(_ENDED)
        else:
            raise TypeError("a histogram needs a distribution")
        parts.append(delimited(Data.DATA_POINTS, *encoded))
    return b"".join(parts)


@lru_cache(_KEPT)
def _attributes(attributes: tuple[tuple[str, str], ...]) -> bytes:
    return HistogramDataPoint(attributes=[attribute(*pair) for pair in attributes]).SerializeToString()


@lru_cache(_KEPT)
def _bounds(bounds: tuple[float, ...]) -> bytes:
    return HistogramDataPoint(explicit_bounds=bounds).SerializeToString()
