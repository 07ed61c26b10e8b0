"""Series of a panel on a grid of times that moves on: a new column comes, the oldest goes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reduse.operation.report.asking import Line

COLUMNS = 180
"""Times of a graph."""

SHOWN_SERIES = 40
"""Of a graph: more are not told apart, and the page says how many are left out."""

_DIGITS = 5

Key = tuple[tuple[str, str], ...]
"""The name of a series and its labels, which tell apart two of one name."""


@dataclass(slots=True)
class Timeline:
    """`end`: Unix seconds of the newest column; `step`: seconds between two. No value is None."""

    step: float
    end: float = 0.0
    series: dict[Key, list[float | None]] = field(default_factory=dict)

    @property
    def begin(self) -> float:
        return self.end - (COLUMNS - 1) * self.step

    def fill(self, end: float, lines: Iterable[Line]) -> None:
        """Begin anew with what was in the store at each time of the grid up to `end`."""
        self.end = end
        self.series = {}
        for line in lines:
            values: list[float | None] = [None] * COLUMNS
            for moment, value in zip(line.course.times, line.course.values, strict=True):
                column = round((moment - self.begin) / self.step)
                if 0 <= column < COLUMNS:
                    values[column] = rounded(value)
            self.series[_key(line)] = values

    def append(self, end: float, lines: Iterable[Line]) -> None:
        """The next column: one value of each series."""
        self.end = end
        newest = {_key(line): rounded(line.course.values[-1]) for line in lines}
        for key in newest.keys() - self.series.keys():
            self.series[key] = [None] * COLUMNS
        for key, values in self.series.items():
            del values[0]
            values.append(newest.get(key))
        self.series = {key: values for key, values in self.series.items() if any(v is not None for v in values)}

    def follows(self, end: float) -> bool:
        """Whether a column at `end` is the one after the newest."""
        return bool(self.end) and round((end - self.end) / self.step) == 1

    def shown(self) -> Mapping[str, object]:
        """As the page draws them, the largest first, and how many are left out."""
        by_peak = sorted(self.series.items(), key=lambda item: -max((v for v in item[1] if v is not None), default=0))
        lines = [{"name": dict(key)[""], "values": values} for key, values in by_peak[:SHOWN_SERIES]]
        return {"lines": lines, "left_out": len(by_peak) - len(lines)}


def rounded(value: float) -> float | None:
    """As many digits as a graph can show; None for what is no number, which JSON has no word for."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def _key(line: Line) -> Key:
    # No label has an empty name.
    return (("", line.name), *sorted(line.course.labels.items()))
