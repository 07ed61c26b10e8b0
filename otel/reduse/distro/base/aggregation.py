"""Counters and histograms of our own: plain dictionaries and lists, a fraction of the cost of the SDK's instruments.

None of these locks: the owner does, once for all that must agree.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

# SDK specification, "Cardinality limits": what comes beyond is kept in one series, marked.
SERIES_LIMIT = 2000
OVERFLOW_ATTRIBUTE = "otel.metric.overflow"

AttributeValue = str | int | bool
Key = tuple[str | int | None, ...]
_OVERFLOW: Key = ()


class Exemplar(NamedTuple):
    """One observation and the span in which it was made; `time` in nanoseconds of Unix time."""

    value: float
    time: int
    trace_id: int
    span_id: int


@dataclass(frozen=True, slots=True)
class HistogramState:
    """One series: how many observations fell into each bucket (one more than there are bounds), and their sum.

    `start` is the end of the collection before its first, nanoseconds of Unix time. The attributes of a series are the
    same object in each state of it.
    """

    attributes: dict[str, AttributeValue]
    start: int
    bucket_counts: tuple[int, ...]
    total: float
    exemplars: tuple[Exemplar, ...] = ()


@dataclass(frozen=True, slots=True)
class SumState:
    """One series of a counter; see HistogramState."""

    attributes: dict[str, AttributeValue]
    start: int
    value: float


def attributes_of(names: tuple[str, ...], key: Key) -> dict[str, AttributeValue]:
    """The attributes that a key stands for; None values are absent attributes."""
    if key == _OVERFLOW and names:
        return {OVERFLOW_ATTRIBUTE: True}
    return {name: value for name, value in zip(names, key, strict=True) if value is not None}


# Of a series that was never collected.
_NOT_STARTED = -1


class _Buckets:
    __slots__ = ("attributes", "counts", "start", "total")

    def __init__(self, attributes: dict[str, AttributeValue], size: int) -> None:
        self.attributes = attributes
        self.start = _NOT_STARTED
        self.counts = [0] * size
        self.total = 0.0


class HistogramAggregation:
    """Explicit buckets; a value equal to a bound belongs to the bucket below it (data model, "Histogram")."""

    __slots__ = ("_attribute_names", "_bounds", "_describe", "_exemplars", "_limit", "_series")

    def __init__(
        self,
        attribute_names: tuple[str, ...],
        bounds: tuple[float, ...],
        limit: int = SERIES_LIMIT,
        describe: Callable[[tuple[str, ...], Key], dict[str, AttributeValue]] = attributes_of,
    ) -> None:
        self._attribute_names = attribute_names
        self._describe = describe
        self._bounds = bounds
        self._limit = limit
        self._series: dict[Key, _Buckets] = {}
        self._exemplars: dict[Key, dict[int, Exemplar]] = {}

    def observe(self, key: Key, value: float) -> None:
        """Add one observation; `key` has a value for each attribute name, in their order."""
        series = self._series.get(key)
        if series is None:
            series = self._new(key)
        series.counts[bisect_left(self._bounds, value)] += 1
        series.total += value

    def observe_all(self, key: Key, values: Sequence[float]) -> None:
        """Add observations of one series, at least one, which takes a fraction of the time that each alone would."""
        series = self._series.get(key)
        if series is None:
            series = self._new(key)
        for bucket, count in Counter(map(bisect_left, repeat(self._bounds), values)).items():
            series.counts[bucket] += count
        series.total += sum(values)

    def _new(self, key: Key) -> _Buckets:
        if len(self._series) >= self._limit:
            key = _OVERFLOW
        series = self._series.get(key)
        if series is None:
            series = _Buckets(self._describe(self._attribute_names, key), len(self._bounds) + 1)
            self._series[key] = series
        return series

    def exemplify(self, key: Key, exemplar: Exemplar) -> None:
        """Keep the exemplar of an observation that `observe` was given, the latest one of its bucket.

        Source: SDK specification, "AlignedHistogramBucketExemplarReservoir".
        """
        if key not in self._series:
            key = _OVERFLOW
        bucket = bisect_left(self._bounds, exemplar.value)
        self._exemplars.setdefault(key, {})[bucket] = exemplar

    def states(self, previous: int) -> list[HistogramState]:
        """A copy of all series, with the exemplars since the last copy; `previous` is the end of that collection."""
        exemplars, self._exemplars = self._exemplars, {}
        states = []
        for key, series in self._series.items():
            if series.start == _NOT_STARTED:
                series.start = previous
            kept = tuple(exemplars[key].values()) if key in exemplars else ()
            states.append(HistogramState(series.attributes, series.start, tuple(series.counts), series.total, kept))
        return states


class _Sum:
    __slots__ = ("attributes", "start", "value")

    def __init__(self, attributes: dict[str, AttributeValue]) -> None:
        self.attributes = attributes
        self.start = _NOT_STARTED
        self.value = 0


class SumAggregation:
    """A sum for each set of attributes."""

    __slots__ = ("_attribute_names", "_limit", "_series")

    def __init__(self, attribute_names: tuple[str, ...], limit: int = SERIES_LIMIT) -> None:
        self._attribute_names = attribute_names
        self._limit = limit
        self._series: dict[Key, _Sum] = {}

    def add(self, key: Key, amount: int) -> None:
        """Add to one series; `key` has a value for each attribute name, in their order."""
        self._sum(key).value += amount

    def set(self, values: Mapping[Key, int]) -> None:
        """Each series becomes its value; those without one become 0."""
        for series in self._series.values():
            series.value = 0
        for key, value in values.items():
            self._sum(key).value += value

    def _sum(self, key: Key) -> _Sum:
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= self._limit:
                key = _OVERFLOW
                series = self._series.get(key)
            if series is None:
                series = self._series[key] = _Sum(attributes_of(self._attribute_names, key))
        return series

    def states(self, previous: int) -> list[SumState]:
        """A copy of all series; `previous` is the end of the collection before."""
        states = []
        for series in self._series.values():
            if series.start == _NOT_STARTED:
                series.start = previous
            states.append(SumState(series.attributes, series.start, series.value))
        return states
