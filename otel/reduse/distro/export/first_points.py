"""Each cumulative series begins with a point of 0, and all points of an export carry its time.

A rate is the difference of two points. What a series has counted before its first point, and that is all of an error
that happens once, would never be seen. So when a series is exported for the first time, a point of 0 goes before it, at
the end of the collection before, when the series was 0 indeed: it did not exist.

Source: OpenTelemetry metrics data model, "Cumulative streams: handling unknown start time" and "inserting true reset
points".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from reduse.distro.base.clock import SECOND, ExportTime
from reduse.distro.export.points import SCOPE
from reduse.distro.export.sendable import Attributes, sendable_attributes, sendable_number, sendable_text

# The gateway leaves out what is older than 110 minutes; a series that began so long ago has no rate to save either.
OLDEST_ZERO = 100 * 60 * SECOND

# Counters of the process and of the interpreter have counted before their first point, each from its own start. An
# application may have contrib's instrumentation measure the machine: that has counted from a time that is not known.
SYSTEM_METRICS = "opentelemetry.instrumentation.system_metrics"
_UNKNOWN = 0

_ABSENT: Any = None

Point = NumberDataPoint | HistogramDataPoint


class _Series:
    __slots__ = ("attributes", "begun", "start")

    def __init__(self, attributes: Attributes, start: int, *, begun: bool) -> None:
        self.attributes = attributes
        self.start = start
        self.begun = begun


class _Stream:
    """The series of one metric.

    The SDK and our aggregations give the same object for the attributes of a series in every collection, so it is known
    by that; by its content only where it is not, at its first point.
    """

    __slots__ = ("_by_content", "_by_object")

    def __init__(self) -> None:
        self._by_content: dict[object, _Series] = {}
        self._by_object: dict[int, tuple[object, _Series]] = {}

    def series(self, attributes: Attributes, start: int, *, begun: bool) -> _Series:
        """The series of these attributes; one that is not known yet has this start."""
        known = self._by_object.get(id(attributes))
        # The object is kept, so that no other can have its identity.
        if known is not None and known[0] is attributes:
            return known[1]
        sent = sendable_attributes(attributes)
        series = self._by_content.setdefault(_content(sent or {}), _Series(sent, start, begun=begun))
        if len(self._by_object) >= 2 * len(self._by_content):
            self._by_object.clear()
        self._by_object[id(attributes)] = (attributes, series)
        return series

    def set_back(self, nanoseconds: int, *, begun: bool) -> None:
        for series in self._by_content.values():
            if series.start != _UNKNOWN:
                series.start -= nanoseconds
                series.begun = begun


class FirstPoints:
    """Knows when each cumulative series of this process began, and whether its first point has arrived.

    It holds as many series as the SDK and our aggregations do, which are bounded.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Know no series: for a forked child, in which all begin anew."""
        self._streams: dict[tuple[InstrumentationScope, str, type], _Stream] = {}
        self._sent: list[_Series] = []

    def begin(self, data: MetricsData, time: ExportTime) -> MetricsData:
        """The data as it is to be sent at this time: stamped, and with the points of 0 that have not arrived yet."""
        if time.set_back:
            self._set_back(time.set_back)
        self._sent = []
        return MetricsData(
            [
                replace(
                    resource,
                    scope_metrics=[
                        replace(scope, metrics=[self._metric(scope.scope, metric, time) for metric in scope.metrics])
                        for scope in resource.scope_metrics
                    ],
                )
                for resource in data.resource_metrics
            ]
        )

    def delivered(self) -> None:
        """What `begin` gave last has arrived; when that is not known it is sent again, the same."""
        for series in self._sent:
            series.begun = True
        self._sent = []

    def _set_back(self, nanoseconds: int) -> None:
        # The gateway has taken nothing of the time line that is left: every series begins again on the new one.
        for (_, _, kind), stream in self._streams.items():
            stream.set_back(nanoseconds, begun=kind is _UpAndDown)

    def _metric(self, scope: InstrumentationScope, metric: Metric, time: ExportTime) -> Metric:
        data = metric.data
        if isinstance(data, Sum | Histogram) and data.aggregation_temporality is AggregationTemporality.CUMULATIVE:
            kind = _UpAndDown if isinstance(data, Sum) and not data.is_monotonic else type(data)
            stream = self._stream(scope, metric.name, kind)
            points: Any = self._cumulative(
                data.data_points, stream, kind, _counted_since(scope, metric.name, time), time
            )
        elif isinstance(data, Gauge):
            stream = self._stream(scope, metric.name, Gauge)
            series = (stream.series(point.attributes, _UNKNOWN, begun=True) for point in data.data_points)
            points = [
                _number(point, each.attributes, point.start_time_unix_nano, time.end)
                for point, each in zip(data.data_points, series, strict=True)
            ]
        else:
            points = [_at(point, time.end) for point in data.data_points]
        return Metric(metric.name, sendable_text(metric.description), metric.unit, replace(data, data_points=points))

    def _stream(self, scope: InstrumentationScope, name: str, kind: type) -> _Stream:
        return self._streams.setdefault((scope, name, kind), _Stream())

    def _cumulative(
        self, given: Sequence[Point], stream: _Stream, kind: type, since: int, time: ExportTime
    ) -> list[Point]:
        begun = kind is _UpAndDown or since == _UNKNOWN
        end, oldest = time.end, time.end - OLDEST_ZERO
        points: list[Point] = []
        for point in given:
            series = stream.series(point.attributes, since, begun=begun)
            start, attributes = series.start, series.attributes
            if not series.begun and start >= oldest:
                points.append(_zero(point, attributes, start))
                self._sent.append(series)
            if isinstance(point, NumberDataPoint):
                points.append(_number(point, attributes, start, end))
            elif point.start_time_unix_nano == start and point.time_unix_nano == end and attributes is point.attributes:
                points.append(point)
            else:
                points.append(_histogram(point, attributes, start, end))
        return points


class _UpAndDown:
    """The kind of a sum that may fall: it has no rate, and needs no point of 0."""


def _counted_since(scope: InstrumentationScope, name: str, time: ExportTime) -> int:
    if scope.name not in (SYSTEM_METRICS, SCOPE.name):
        return time.previous
    if name.startswith("process."):
        return time.process_start
    if name.startswith("cpython."):
        return time.interpreter_start
    return time.previous if scope.name == SCOPE.name else _UNKNOWN


def _content(value: Any) -> object:
    """What tells series apart, hashable; 1, 1.0 and True are three values."""
    if isinstance(value, Mapping):
        return tuple(sorted((str(name), _content(each)) for name, each in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ("", *map(_content, value))
    return type(value).__name__, repr(value)


def _zero(point: Point, attributes: Attributes, time: int) -> Point:
    if isinstance(point, NumberDataPoint):
        return NumberDataPoint(attributes, time, time, type(sendable_number(point.value))(0))
    none = (0,) * len(point.bucket_counts)
    return HistogramDataPoint(attributes, time, time, 0, 0.0, none, point.explicit_bounds, _ABSENT, _ABSENT)


# The classes themselves are called: dataclasses.replace takes twice as long.
def _number(point: NumberDataPoint, attributes: Attributes, start: int, end: int) -> NumberDataPoint:
    return NumberDataPoint(attributes, start, end, sendable_number(point.value), point.exemplars)


def _histogram(point: HistogramDataPoint, attributes: Attributes, start: int, end: int) -> HistogramDataPoint:
    return HistogramDataPoint(
        attributes,
        start,
        end,
        point.count,
        point.sum,
        point.bucket_counts,
        point.explicit_bounds,
        point.min,
        point.max,
        point.exemplars,
    )


def _at(point: Any, end: int) -> Any:
    """A point of another kind, with its time."""
    return replace(point, start_time_unix_nano=min(point.start_time_unix_nano, end), time_unix_nano=end)
