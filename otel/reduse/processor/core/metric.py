"""What processors yield: metrics as plain values, without any wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


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
            raise ValueError("a distribution has one bucket more than bounds")


@dataclass(frozen=True, slots=True)
class Point:
    """`value` None says that the series has ended (OTLP NoRecordedValue, a staleness marker in Prometheus)."""

    value: float | Distribution | None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """Points of one name; the attribute `service` is added to each. `unit` is as UCUM has it, or as `{request}`."""

    name: str
    unit: str
    shape: Shape
    points: tuple[Point, ...]
    description: str = ""
