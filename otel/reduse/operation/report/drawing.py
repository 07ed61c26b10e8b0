"""A panel as SVG, drawn by matplotlib without any window."""

import io
import itertools
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reduse.monitoring.dashboards.colors import color_of
from reduse.monitoring.dashboards.definition import WIDTH, Kind, Panel
from reduse.operation.report import units
from reduse.operation.report.asking import Line, Shown, Window
from reduse.store.answer import Course

_STYLE: dict[Any, Any] = {
    # Text stays text: it can be found, and the page is small.
    "svg.fonttype": "none",
    "svg.hashsalt": "reduse",
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
}
_INCHES = 12.0
_HEADROOM = 1.1
# Matplotlib's own ten.
_PALETTE = [to_hex(color) for color in mpl.color_sequences["tab10"]]
# Longer than so many steps without a value is a gap.
_GAP_STEPS = 3
_DAY = 86_400
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


def svg(shown: Shown, window: Window) -> str:
    """The drawing of a panel that has data."""
    panel = shown.panel
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_INCHES * panel.width / WIDTH, panel.height * 0.32), layout="constrained")
        axes = figure.subplots()
        _DRAW[panel.kind](axes, shown, window)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    drawn = written.getvalue()
    # Without matplotlib's word about itself, which is larger than many a drawing.
    return _METADATA.sub("", drawn[drawn.index("<svg") :])


def legend(shown: Shown) -> list[tuple[str, str]]:
    """Name and color of each line, the largest first; nothing where the drawing itself names them."""
    if shown.panel.kind not in {Kind.LINES, Kind.STACKED}:
        return []
    lines = _largest_first(shown.lines)
    return list(zip([line.name for line in lines], _colors(shown.panel, lines), strict=True))


def _colors(panel: Panel, lines: Sequence[Line]) -> list[str]:
    """Of each line: what it has by its meaning, else the next of the palette."""
    palette = itertools.cycle(_PALETTE)
    return [color_of(line.name, panel.colors) or next(palette) for line in lines]


def _lines(axes: Axes, shown: Shown, window: Window) -> None:
    lines = _largest_first(shown.lines)
    for line, color in zip(lines, _colors(shown.panel, lines), strict=True):
        times, values = _with_gaps(line.course, window)
        axes.plot(_moments(times), values, linewidth=1.1, color=color)
    _finish_times(axes, window)
    _finish_values(axes, shown.panel, max(map(_largest, shown.lines)))


def _stacked(axes: Axes, shown: Shown, window: Window) -> None:
    lines = _largest_first(shown.lines)
    times = np.arange(window.begin, window.end + window.step / 2, window.step)
    layers = np.full((len(lines), len(times)), np.nan)
    for layer, line in zip(layers, lines, strict=True):
        at = np.rint((np.array(line.course.times) - window.begin) / window.step).astype(int)
        layer[at] = line.course.values
    # One that has no value adds nothing to the others; where none has one there is a gap, and no zero.
    layers = np.where(np.isnan(layers).all(axis=0), np.nan, np.nan_to_num(layers))
    axes.stackplot(_moments(times.tolist()), layers, colors=_colors(shown.panel, lines), alpha=0.75)
    _finish_times(axes, window)
    _finish_values(axes, shown.panel, float(np.nansum(layers, axis=0).max()))


def _number(axes: Axes, shown: Shown, _window: Window) -> None:
    axes.axis("off")
    for row, line in enumerate(shown.lines):
        value = line.course.values[-1]
        at = 1 - (row + 0.5) / len(shown.lines)
        color = next((t.color for t in reversed(shown.panel.thresholds) if value >= t.value), "green")
        axes.text(0.48, at, units.text(value, shown.panel.unit), fontsize=16, color=color, ha="right", va="center")
        axes.text(0.52, at, line.name, ha="left", va="center")


def _bars(axes: Axes, shown: Shown, _window: Window) -> None:
    lines = list(reversed(shown.lines))
    values = [line.course.values[-1] for line in lines]
    bars = axes.barh([line.name for line in lines], values, color="#2b6cb0")
    axes.bar_label(bars, [units.text(value, shown.panel.unit) for value in values], padding=3)
    axes.set_xlim(0, shown.panel.maximum or max([*values, 1e-9]) * 1.15)
    axes.grid(visible=False)
    axes.xaxis.set_major_formatter(_formatter(shown.panel.unit))


def _heatmap(axes: Axes, shown: Shown, window: Window) -> None:
    buckets = sorted(shown.lines, key=lambda line: float(line.name))
    times = sorted({moment for line in buckets for moment in line.course.times})
    cumulative = np.zeros((len(buckets), len(times)))
    for row, line in enumerate(buckets):
        values = dict(zip(line.course.times, line.course.values, strict=True))
        cumulative[row] = np.nan_to_num([values.get(moment, 0.0) for moment in times])
    counts = np.clip(np.diff(cumulative, axis=0, prepend=0), 0, None)
    axes.pcolormesh(
        _moments(times), range(len(buckets)), np.ma.masked_equal(counts, 0), cmap="YlOrRd", shading="nearest"
    )
    axes.set_yticks(range(len(buckets)), [f"≤ {line.name}" for line in buckets])
    _finish_times(axes, window)


_DRAW: dict[Kind, Callable[[Axes, Shown, Window], None]] = {
    Kind.LINES: _lines,
    Kind.STACKED: _stacked,
    Kind.NUMBER: _number,
    Kind.BARS: _bars,
    Kind.HEATMAP: _heatmap,
}


def _finish_times(axes: Axes, window: Window) -> None:
    axes.set_xlim(window.begin / _DAY, window.end / _DAY)
    zone = datetime.now().astimezone().tzinfo
    locator = dates.AutoDateLocator(minticks=3, maxticks=9, tz=zone)  # type: ignore[no-untyped-call]
    formatter = dates.ConciseDateFormatter(locator, tz=zone, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)


def _finish_values(axes: Axes, panel: Panel, largest: float) -> None:
    top = panel.maximum or largest * _HEADROOM or 1.0
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(_formatter(panel.unit))
    for threshold in panel.thresholds:
        if threshold.value <= top:
            axes.axhline(threshold.value, color=threshold.color, linewidth=0.8, linestyle="--")


def _formatter(unit: str) -> FuncFormatter:
    return FuncFormatter(lambda value, _: units.text(value, unit))


def _largest(line: Line) -> float:
    return max((value for value in line.course.values if math.isfinite(value)), default=0.0)


def _largest_first(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=_largest, reverse=True)


def _with_gaps(course: Course, window: Window) -> tuple[list[float], list[float]]:
    times: list[float] = []
    values: list[float] = []
    for moment, value in zip(course.times, course.values, strict=True):
        if times and moment - times[-1] > _GAP_STEPS * window.step:
            times.append(times[-1] + window.step)
            values.append(math.nan)
        times.append(moment)
        values.append(value)
    return times, values


def _moments(times: Sequence[float]) -> list[float]:
    """As matplotlib counts: in days."""
    return [moment / _DAY for moment in times]
