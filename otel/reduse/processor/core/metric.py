"""What processors yield: metrics as plain values, without any wire format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from operator import add
from typing import NamedTuple, overload


class Shape(Enum):
    """What a metric is. A counter and a histogram are cumulative since the service was first seen."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Distribution:
    """Cumulative counts by bucket; bucket i holds bounds[i-1] < x <= bounds[i], the last one all above."""

    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    sum: float

    def __post_init__(self) -> None:
        if len(self.buckets) != len(self.bounds) + 1:
            raise ValueError("a distribution must have one bucket more than bounds")

    def __add__(self, other: Distribution) -> Distribution:
        """Of both together. Those of other bounds cannot be added: `other` is where counting begins anew."""
        if not isinstance(other, Distribution):
            return NotImplemented
        if self.bounds != other.bounds:
            return other
        return Distribution(self.bounds, tuple(map(add, self.buckets, other.buckets)), self.sum + other.sum)


# The engine's own attribute.
SERVICE = "service"


def series_of(attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The same for all that have these attributes, in any order."""
    return tuple(sorted(attributes.items()))


class Labels(Mapping[str, str]):
    """Attributes that never change, looked at once: of series that come again in every window.

    Raises TypeError when one is not text, or is the engine's own.
    """

    # A dictionary for each would take most of the memory: there are many of them.
    __slots__ = ("_hash", "_pairs", "encoded", "series")

    def __init__(self, **texts: str) -> None:
        for name, text in texts.items():
            if name == SERVICE or not isinstance(text, str):
                raise TypeError(f"attributes {texts} must be text, and must not include {SERVICE}")
        self._pairs = tuple(texts.items())
        # The same for all that have these attributes.
        self.series = self._pairs if len(texts) == 1 else series_of(texts)
        self._hash = hash(self.series)
        # For who writes them on a wire to leave its bytes here, once for all points that have them.
        self.encoded: bytes | None = None

    def __getitem__(self, name: str) -> str:
        return dict(self._pairs)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(self._pairs)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Labels):
            return self.series == other.series
        return isinstance(other, Mapping) and self.series == series_of(other)

    def __repr__(self) -> str:
        return repr(dict(self._pairs))


NO_LABELS = Labels()


def labels_of(attributes: Mapping[str, str]) -> Labels:
    """The same as Labels."""
    return attributes if isinstance(attributes, Labels) else Labels(**attributes)


class Point(NamedTuple):
    """`value` None says that the series has ended (OTLP NoRecordedValue, a staleness marker in Prometheus)."""

    value: float | Distribution | None
    attributes: Mapping[str, str] = NO_LABELS


_new_point = partial(tuple.__new__, Point)


def points_of(values: Iterable[float | None], labels: Iterable[Labels]) -> tuple[Point, ...]:
    """A point of each value and the labels in the same place: as `Point` makes them, in half of the time."""
    return tuple(map(_new_point, zip(values, labels, strict=True)))


class Series:
    """The labels of a metric's points, looked at once: they come again in every window."""

    __slots__ = ("are_different", "labels", "text")

    def __init__(self, labels: Iterable[Labels]) -> None:
        self.labels = tuple(labels)
        self.are_different = len({each.series for each in self.labels}) == len(self.labels)
        # For who writes them down to leave it here.
        self.text: str | None = None


class Column(Sequence[Point]):
    """Points whose labels are the same in every window, as two columns: a value for each of the series.

    Raises ValueError when these are not as many.
    """

    __slots__ = ("series", "values")

    def __init__(self, values: Sequence[float | Distribution | None], series: Series) -> None:
        if len(values) != len(series.labels):
            raise ValueError(f"{len(values)} values of {len(series.labels)} series")
        self.values = values
        self.series = series

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Point]:
        return map(_new_point, zip(self.values, self.series.labels, strict=True))

    @overload
    def __getitem__(self, at: int) -> Point: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Point, ...]: ...
    def __getitem__(self, at: int | slice) -> Point | tuple[Point, ...]:
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Column | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Metric(NamedTuple):
    """Points of one name; the attribute `service` is added to each. `unit` is as UCUM has it, or as `{request}`."""

    name: str
    unit: str
    shape: Shape
    points: Sequence[Point]
    description: str = ""
