"""Counters and histograms of our own: plain dictionaries and lists, a fraction of the cost of the SDK's instruments.

None of these locks: the owner does, once for all that must agree.
"""

from bisect import bisect_left
from dataclasses import dataclass
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
    """One series: how many observations fell into each bucket (one more than there are bounds), and their sum."""

    attributes: dict[str, AttributeValue]
    bucket_counts: tuple[int, ...]
    total: float
    exemplars: tuple[Exemplar, ...] = ()


@dataclass(frozen=True, slots=True)
class SumState:
    """One series of a counter."""

    attributes: dict[str, AttributeValue]
    value: int


def attributes_of(names: tuple[str, ...], key: Key) -> dict[str, AttributeValue]:
    """The attributes that a key stands for; None values are absent attributes."""
    if key == _OVERFLOW and names:
        return {OVERFLOW_ATTRIBUTE: True}
    return {name: value for name, value in zip(names, key, strict=True) if value is not None}


class _Buckets:
    __slots__ = ("counts", "total")

    def __init__(self, size: int) -> None:
        self.counts = [0] * size
        self.total = 0.0


class HistogramAggregation:
    """Explicit buckets; a value equal to a bound belongs to the bucket below it (data model, "Histogram")."""

    __slots__ = ("_attribute_names", "_bounds", "_exemplars", "_limit", "_series")

    def __init__(self, attribute_names: tuple[str, ...], bounds: tuple[float, ...], limit: int = SERIES_LIMIT) -> None:
        self._attribute_names = attribute_names
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

    def _new(self, key: Key) -> _Buckets:
        if len(self._series) >= self._limit:
            key = _OVERFLOW
        return self._series.setdefault(key, _Buckets(len(self._bounds) + 1))

    def exemplify(self, key: Key, exemplar: Exemplar) -> None:
        """Keep the exemplar of an observation that `observe` was given, the latest one of its bucket.

        Source: SDK specification, "AlignedHistogramBucketExemplarReservoir".
        """
        if key not in self._series:
            key = _OVERFLOW
        bucket = bisect_left(self._bounds, exemplar.value)
        self._exemplars.setdefault(key, {})[bucket] = exemplar

    def states(self) -> list[HistogramState]:
        """A copy of all series, with the exemplars since the last copy."""
        exemplars, self._exemplars = self._exemplars, {}
        return [
            HistogramState(
                attributes_of(self._attribute_names, key),
                tuple(series.counts),
                series.total,
                tuple(exemplars[key].values()) if key in exemplars else (),
            )
            for key, series in self._series.items()
        ]


class Sum:
    """What one series has come to."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class SumAggregation:
    """A sum for each set of attributes."""

    __slots__ = ("_attribute_names", "_limit", "_series")

    def __init__(self, attribute_names: tuple[str, ...], limit: int = SERIES_LIMIT) -> None:
        self._attribute_names = attribute_names
        self._limit = limit
        self._series: dict[Key, Sum] = {}

    def add(self, key: Key, amount: int) -> None:
        """Add to one series; `key` has a value for each attribute name, in their order."""
        self.series(key).value += amount

    def series(self, key: Key) -> Sum:
        """The series itself, for whoever adds to it again soon."""
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= self._limit:
                key = _OVERFLOW
            series = self._series.setdefault(key, Sum())
        return series

    def states(self) -> list[SumState]:
        """A copy of all series."""
        return [
            SumState(attributes_of(self._attribute_names, key), series.value) for key, series in self._series.items()
        ]
