"""OTLP bytes to columns: `decode`, and `decode_plainly`, which is slow and says the same of any bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from reduse.processor.core.columns import (
    MICROSECONDS,
    USER_REQUEST_DURATION,
    Bool,
    Export,
    Float64,
    Int64,
    Stream,
    UInt64,
)
from reduse.processor.core.refusal import Refusal
from reduse.processor.otlp.histogram import Histogram, IrregularError, read_histogram
from reduse.processor.otlp.points import UNKNOWN, Points, read_points
from reduse.processor.otlp.schema import OTHER_TYPES, Outline, Request

METRIC = USER_REQUEST_DURATION.encode()

# With these, sums over any window stay within 64 bits.
COUNT_LIMIT = 2**32
SECONDS_LIMIT = 1_000_000.0
NAME_LIMIT = 256


class MalformedError(Exception):
    """The body is not an ExportMetricsServiceRequest at all."""


@dataclass(frozen=True, slots=True)
class Decoded:
    exports: list[Export]
    refused: Counter[Refusal]

    @property
    def points(self) -> int:
        return sum(map(len, self.exports))


# The histogram of a metric that has one, and how many points a metric of another type has.
_Read = Callable[[Any], Histogram | int]


def decode(body: bytes, latest: int) -> Decoded:
    """Columns of every good point; a bad one is counted by reason and never stops the rest.

    `latest` (Unix ns): a point whose time is after it is from the future. Raises MalformedError.
    """
    try:
        return _decode(Outline.FromString(body), _outlined, latest)
    except (IrregularError, DecodeError):
        return decode_plainly(body, latest)


def decode_plainly(body: bytes, latest: int) -> Decoded:
    """`decode` by protobuf alone, point by point. Raises MalformedError."""
    try:
        request = Request.FromString(body)
    except DecodeError as error:
        raise MalformedError("not an ExportMetricsServiceRequest") from error
    return _decode(request, _parsed, latest)


def _outlined(metric: Any) -> Histogram | int:
    """Raises IrregularError when it takes merging to know what the metric is."""
    if len(metric.histograms) != 1 or any(getattr(metric, name) for name in OTHER_TYPES):
        raise IrregularError
    return read_histogram(metric.histograms[0])


def _parsed(metric: Any) -> Histogram | int:
    data = metric.WhichOneof("data")
    if data != "histogram":
        return len(getattr(metric, data).data_points) if data is not None else 0
    return Histogram(read_points(metric.histogram.data_points), metric.histogram.aggregation_temporality)


def _decode(request: Any, read: _Read, latest: int) -> Decoded:
    exports: list[Export] = []
    refused: Counter[Refusal] = Counter()
    for resource_metrics in request.resource_metrics:
        stream = _stream(resource_metrics.resource)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                found = read(metric)
                refusal = _refuse_metric(metric.name, found, stream)
                if refusal is not None:
                    refused[refusal] += found if isinstance(found, int) else len(found.points)
                elif stream is not None and isinstance(found, Histogram):
                    exports.extend(_exports(stream, found.points, latest, refused))
    return Decoded(exports, +refused)


def _stream(resource: Any) -> Stream | None:
    found = {attribute.key: attribute.value.string_value for attribute in resource.attributes}
    try:
        service = found.get(b"service.name", b"").decode()
        instance = found.get(b"service.instance.id", b"").decode()
    except UnicodeDecodeError:
        return None
    if not (0 < len(service) <= NAME_LIMIT and 0 < len(instance) <= NAME_LIMIT):
        return None
    return Stream(service, instance)


def _refuse_metric(name: bytes, found: Histogram | int, stream: Stream | None) -> Refusal | None:
    if name != METRIC:
        return Refusal.UNKNOWN_METRIC
    if isinstance(found, int):
        return Refusal.WRONG_TYPE
    if found.temporality != AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA:
        return Refusal.NOT_DELTA
    return Refusal.NO_STREAM if stream is None else None


def _exports(stream: Stream, points: Points, latest: int, refused: Counter[Refusal]) -> Iterator[Export]:
    good = np.ones(len(points), np.bool_)
    for reason, passed in (
        (Refusal.UNKNOWN_ATTRIBUTE, points.kinds != UNKNOWN),
        (Refusal.BAD_USER, points.well_formed),
        (Refusal.NO_VALUE, points.valued),
        (Refusal.BAD_COUNT, points.counts <= COUNT_LIMIT),
        (Refusal.BAD_SUM, (points.seconds >= 0) & (points.seconds <= SECONDS_LIMIT)),
        (Refusal.BAD_INTERVAL, (points.starts > 0) & (points.starts <= points.times)),
        (Refusal.FUTURE, points.times <= latest),
    ):
        if not passed.all():
            refused[reason] += int((good & ~passed).sum())
            good &= passed
    rows: Bool | slice = slice(None) if good.all() else good
    kinds, users, starts, times = points.kinds[rows], points.users[rows], points.starts[rows], points.times[rows]
    # Within its bound a count is the same number with a sign.
    counts, microseconds = points.counts[rows].view(np.int64), _microseconds(points.seconds[rows])
    for start, time, of_one in _intervals(starts, times):
        yield Export(stream, start, time, kinds[of_one], users[of_one], counts[of_one], microseconds[of_one])


def _microseconds(seconds: Float64) -> Int64:
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
