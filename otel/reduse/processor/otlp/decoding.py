"""OTLP bytes to columns: `decode`, and `decode_plainly`, which is slow and says the same of any bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from reduse import wire
from reduse.processor.core.columns import (
    Bool,
    Export,
    Float64,
    Int64,
    Kind,
    Stream,
    UInt64,
)
from reduse.processor.core.refusal import Refusal, Refusals
from reduse.processor.core.units import MICROSECONDS
from reduse.processor.otlp.histogram import Histogram, IrregularError, newest, read_histogram
from reduse.processor.otlp.one_export import COUNT_LIMIT, read_one_export
from reduse.processor.otlp.points import UNKNOWN, Points, read_points
from reduse.processor.otlp.schema import OTHER_TYPES, Outline, Request, Resource
from reduse.wire import RequestClass

METRIC = wire.METRIC.encode()

# With it, sums over any window stay within 64 bits; and so they do with COUNT_LIMIT.
SECONDS_LIMIT = 1_000_000.0
NAME_LIMIT = 256
# What is known of resources: so many, of so many bytes at most.
_RESOURCES_KEPT, _RESOURCE_BYTES = 4096, 4096
# Microseconds in each unit that durations may have, as UCUM and older libraries write them.
_UNITS: Mapping[bytes, float] = {
    b"s": 1e6,
    b"ms": 1e3,
    b"us": 1.0,
    "\N{MICRO SIGN}s".encode(): 1.0,
    b"ns": 1e-3,
    b"min": 60e6,
    b"h": 3600e6,
}


class MalformedError(Exception):
    """The body is not an ExportMetricsServiceRequest at all."""


@dataclass(frozen=True, slots=True)
class Decoded:
    exports: list[Export]
    refusals: Refusals

    @property
    def refused(self) -> Counter[Refusal]:
        return self.refusals.by_reason

    @property
    def points(self) -> int:
        return sum(map(len, self.exports))


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a request is read: whose each ResourceMetrics is; the export of a metric of good points of one export, None
    for another; the histogram of a metric that has one, and how many points a metric of another type has.
    """

    stream: Callable[[Any], Stream]
    one_export: Callable[[Any, Stream, int], Export | None]
    histogram: Callable[[Any], Histogram | int]


def decode(body: bytes, latest: int) -> Decoded:
    """Columns of every good point; a bad one is counted by reason and never stops the rest.

    `latest` (Unix ns): a point whose time is after it is from the future. Raises MalformedError.
    """
    try:
        return _decode(Outline.FromString(body), _OUTLINED, latest)
    except (IrregularError, DecodeError):
        return decode_plainly(body, latest)


def decode_plainly(body: bytes, latest: int) -> Decoded:
    """`decode` by protobuf alone, point by point. Raises MalformedError."""
    try:
        request = Request.FromString(body)
    except DecodeError as error:
        raise MalformedError("the body is not an ExportMetricsServiceRequest") from error
    return _decode(request, _PARSED, latest)


def _outlined(metric: Any) -> Histogram | int:
    """Raises IrregularError when it takes merging to know what the metric is."""
    if not _is_plain(metric):
        raise IrregularError
    return read_histogram(metric.histograms[0])


def _is_plain(metric: Any) -> bool:
    return len(metric.histograms) == 1 and not any(getattr(metric, name) for name in OTHER_TYPES)


def _outlined_export(metric: Any, stream: Stream, latest: int) -> Export | None:
    unit = _UNITS.get(metric.unit)
    if unit is None or metric.name != METRIC or not all(stream) or not _is_plain(metric):
        return None
    found = read_one_export(
        metric.histograms[0],
        newest(Kind.USER),
        newest(Kind.ANONYMOUS),
        unit,
        SECONDS_LIMIT * MICROSECONDS / unit,
        latest,
    )
    if found is None:
        return None
    start, time, kinds, users, counts, microseconds, request_class = found
    return Export(stream, start, time, kinds, users, counts, microseconds, None, request_class)


def _outlined_stream(resource_metrics: Any) -> Stream:
    """Raises IrregularError when it takes merging to know whose it is, DecodeError."""
    resources = resource_metrics.resources
    if len(resources) > 1:
        raise IrregularError
    encoded = resources[0] if resources else b""
    return _stream_of(encoded) if len(encoded) <= _RESOURCE_BYTES else _stream(Resource.FromString(encoded))


@lru_cache(_RESOURCES_KEPT)
def _stream_of(resource: bytes) -> Stream:
    return _stream(Resource.FromString(resource))


def _parsed(metric: Any) -> Histogram | int:
    data = metric.WhichOneof("data")
    if data != "histogram":
        return len(getattr(metric, data).data_points) if data is not None else 0
    return Histogram(read_points(metric.histogram.data_points), metric.histogram.aggregation_temporality)


def _decode(request: Any, read: _Reading, latest: int) -> Decoded:
    exports: list[Export] = []
    refusals = Refusals()
    for resource_metrics in request.resource_metrics:
        stream = read.stream(resource_metrics)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                export = read.one_export(metric, stream, latest)
                if export is not None:
                    exports.append(export)
                    continue
                found = read.histogram(metric)
                refusal = _refuse_metric(metric, found, stream)
                if refusal is not None:
                    points = found if isinstance(found, int) else found.number
                    refusals.add(stream.service, refusal, points)
                elif isinstance(found, Histogram):
                    unit = _UNITS[metric.unit]
                    for request_class, of_class in found.points.items():
                        exports.extend(_exports(stream, request_class, of_class, unit, latest, refusals))
    return Decoded(exports, refusals)


def _stream(resource: Any) -> Stream:
    """With "" for what is missing or cannot be a name."""
    found = {attribute.key: attribute.value.string_value for attribute in resource.attributes}
    name, instance = _name(found, b"service.name"), _name(found, b"service.instance.id")
    namespace = found.get(b"service.namespace", b"")
    if not namespace or not name:
        return Stream(name, instance)
    # As Prometheus makes a job of them, so that the same names are the same service everywhere.
    prefix = _name(found, b"service.namespace")
    return Stream(f"{prefix}/{name}" if prefix else "", instance)


def _name(attributes: Mapping[bytes, bytes], key: bytes) -> str:
    try:
        name = attributes.get(key, b"").decode()
    except UnicodeDecodeError:
        return ""
    return name if len(name) <= NAME_LIMIT else ""


def _refuse_metric(metric: Any, found: Histogram | int, stream: Stream) -> Refusal | None:
    if metric.name != METRIC:
        return Refusal.UNKNOWN_METRIC
    if isinstance(found, int):
        return Refusal.WRONG_TYPE
    if found.temporality != wire.DELTA:
        return Refusal.NOT_DELTA
    if metric.unit not in _UNITS:
        return Refusal.WRONG_UNIT
    return None if all(stream) else Refusal.NO_STREAM


def _exports(
    stream: Stream, request_class: RequestClass, points: Points, unit: float, latest: int, refusals: Refusals
) -> Iterator[Export]:
    good = np.ones(len(points), np.bool_)
    for reason, passed in (
        (Refusal.UNKNOWN_ATTRIBUTE, points.kinds != UNKNOWN),
        (Refusal.BAD_USER, points.well_formed),
        (Refusal.NO_VALUE, points.valued),
        (Refusal.BAD_COUNT, points.counts <= COUNT_LIMIT),
        (Refusal.BAD_SUM, (points.sums >= 0) & (points.sums <= SECONDS_LIMIT * MICROSECONDS / unit)),
        (Refusal.BAD_INTERVAL, (points.starts > 0) & (points.starts <= points.times)),
        (Refusal.FUTURE, points.times <= latest),
    ):
        if not passed.all():
            refusals.add(stream.service, reason, int((good & ~passed).sum()))
            good &= passed
    rows: Bool | slice = slice(None) if good.all() else good
    kinds, users, starts, times = points.kinds[rows], points.users[rows], points.starts[rows], points.times[rows]
    # Within its bound a count is the same number with a sign.
    counts, microseconds = points.counts[rows].view(np.int64), _microseconds(points.sums[rows], unit)
    for of_one in _alike(times):
        time, each = int(times[of_one][0]), starts[of_one]
        start, columns = int(each.min()), (kinds[of_one], users[of_one], counts[of_one], microseconds[of_one])
        uneven = None if (each == start).all() else each.view(np.int64)
        yield Export(stream, start, time, *columns, uneven, request_class)


def _microseconds(sums: Float64, unit: float) -> Int64:
    return np.rint(sums * unit).astype(np.int64)


def _alike(times: UInt64) -> Iterator[Int64 | slice]:
    """The rows of each export; nearly always there is one."""
    if len(times) == 0:
        return
    if (times == times[0]).all():
        yield slice(None)
        return
    order = np.argsort(times, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(times[order])) + 1)


_OUTLINED = _Reading(_outlined_stream, _outlined_export, _outlined)
_PARSED = _Reading(lambda resource_metrics: _stream(resource_metrics.resource), lambda *_: None, _parsed)
