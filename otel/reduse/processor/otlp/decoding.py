"""OTLP bytes to columns. The one place that knows the wire format; a faster decoder goes behind `decode`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    HistogramDataPoint,
    Metric,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from reduse.processor.core.columns import MICROSECONDS, Bool, Export, Float64, Kind, Stream, UInt8, UInt64
from reduse.processor.core.refusal import Refusal

METRIC = "reduse.user.request.duration"
USER = "user.hash"
OVERFLOW = "otel.metric.overflow"

HASH_DIGITS = 16
# With these, sums over any window stay within 64 bits.
COUNT_LIMIT = 2**32
SECONDS_LIMIT = 1_000_000.0
NAME_LIMIT = 256

_NO_VALUE = int(DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)
_UNKNOWN = 255


class MalformedError(Exception):
    """The body is not an ExportMetricsServiceRequest at all."""


@dataclass(frozen=True, slots=True)
class Decoded:
    exports: list[Export]
    refused: Counter[Refusal]

    @property
    def points(self) -> int:
        return sum(map(len, self.exports))


def decode(body: bytes, latest: int) -> Decoded:
    """Columns of every good point; a bad one is counted by reason and never stops the rest.

    `latest` (Unix ns): a point whose time is after it is from the future. Raises MalformedError.
    """
    try:
        request = ExportMetricsServiceRequest.FromString(body)
    except DecodeError as error:
        raise MalformedError("not an ExportMetricsServiceRequest") from error
    exports: list[Export] = []
    refused: Counter[Refusal] = Counter()
    for resource_metrics in request.resource_metrics:
        stream = _stream(resource_metrics.resource)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                refusal = _refuse_metric(metric, stream)
                if refusal is not None:
                    refused[refusal] += _points_of(metric)
                elif stream is not None:
                    exports.extend(_exports(stream, metric.histogram.data_points, latest, refused))
    return Decoded(exports, +refused)


def _stream(resource: Resource) -> Stream | None:
    found = {a.key: a.value.string_value for a in resource.attributes}
    service, instance = found.get("service.name", ""), found.get("service.instance.id", "")
    if not (0 < len(service) <= NAME_LIMIT and 0 < len(instance) <= NAME_LIMIT):
        return None
    return Stream(service, instance)


def _refuse_metric(metric: Metric, stream: Stream | None) -> Refusal | None:
    if metric.name != METRIC:
        return Refusal.UNKNOWN_METRIC
    if metric.WhichOneof("data") != "histogram":
        return Refusal.WRONG_TYPE
    if metric.histogram.aggregation_temporality != AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA:
        return Refusal.NOT_DELTA
    return Refusal.NO_STREAM if stream is None else None


def _points_of(metric: Metric) -> int:
    data = metric.WhichOneof("data")
    return len(getattr(metric, data).data_points) if data is not None else 0


def _exports(
    stream: Stream, points: Sequence[HistogramDataPoint], latest: int, refused: Counter[Refusal]
) -> Iterator[Export]:
    if len(points) == 0:
        return
    kinds, users, good = _identities(points, refused)
    starts = np.array([p.start_time_unix_nano for p in points], np.uint64)
    times = np.array([p.time_unix_nano for p in points], np.uint64)
    counts = np.array([p.count for p in points], np.uint64)
    seconds = np.array([p.sum for p in points], np.float64)
    valued = np.array([not p.flags & _NO_VALUE for p in points], np.bool_)
    for reason, passed in (
        (Refusal.NO_VALUE, valued),
        (Refusal.BAD_COUNT, counts <= COUNT_LIMIT),
        (Refusal.BAD_SUM, (seconds >= 0) & (seconds <= SECONDS_LIMIT)),
        (Refusal.BAD_INTERVAL, (starts > 0) & (starts <= times)),
        (Refusal.FUTURE, times <= latest),
    ):
        refused[reason] += int((good & ~passed).sum())
        good &= passed
    if not good.all():
        kinds, users, starts, times = kinds[good], users[good], starts[good], times[good]
        counts, seconds = counts[good], seconds[good]
    microseconds = _microseconds(seconds)
    for start, time, rows in _intervals(starts, times):
        yield Export(stream, start, time, kinds[rows], users[rows], counts[rows].astype(np.int64), microseconds[rows])


def _microseconds(seconds: Float64) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.rint(seconds * MICROSECONDS).astype(np.int64)


def _intervals(starts: UInt64, times: UInt64) -> Iterator[tuple[int, int, Bool | slice]]:
    """(start, time, rows) of each export; nearly always there is one."""
    if len(starts) == 0:
        return
    if (starts == starts[0]).all() and (times == times[0]).all():
        yield int(starts[0]), int(times[0]), slice(None)
        return
    for start, time in np.unique(np.stack([starts, times], axis=1), axis=0):
        yield int(start), int(time), (starts == start) & (times == time)


def _identities(points: Sequence[HistogramDataPoint], refused: Counter[Refusal]) -> tuple[UInt8, UInt64, Bool]:
    kinds = np.zeros(len(points), np.uint8)
    hashes: list[str] = []
    rows: list[int] = []
    for row, point in enumerate(points):
        attributes = point.attributes
        if len(attributes) == 1 and attributes[0].key == USER:
            hashes.append(attributes[0].value.string_value)
            rows.append(row)
        elif len(attributes) == 0:
            kinds[row] = Kind.ANONYMOUS
        elif len(attributes) == 1 and attributes[0].key == OVERFLOW and attributes[0].value.bool_value:
            kinds[row] = Kind.OVERFLOW
        else:
            kinds[row] = _UNKNOWN
    good = kinds != _UNKNOWN
    refused[Refusal.UNKNOWN_ATTRIBUTE] += int((~good).sum())
    users = np.zeros(len(points), np.uint64)
    parsed, well_formed = parse_hashes(hashes)
    users[rows] = parsed
    good[rows] = well_formed
    refused[Refusal.BAD_USER] += int((~well_formed).sum())
    return kinds, users, good


_NIBBLE = np.full(256, _UNKNOWN, np.uint8)
_NIBBLE[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16, dtype=np.uint8)


def parse_hashes(hashes: Sequence[str]) -> tuple[UInt64, Bool]:
    """(numbers, well formed): exactly 16 lower-case hex digits each; 0 where malformed."""
    proper = [h if len(h) == HASH_DIGITS and h.isascii() else "-" * HASH_DIGITS for h in hashes]
    digits = _NIBBLE[np.frombuffer("".join(proper).encode("ascii"), np.uint8)].reshape(-1, HASH_DIGITS)
    well_formed = (digits != _UNKNOWN).all(axis=1)
    digits = np.where(well_formed[:, None], digits, 0)
    octets = np.ascontiguousarray(digits[:, ::2] << 4 | digits[:, 1::2])
    return octets.view(">u8").reshape(-1).astype(np.uint64), well_formed
