"""Metrics of several shards as one: values of the same series are added up.

A counter or a histogram is cumulative, of each shard since it began; one that begins anew, or is not heard any more,
does not take away what it had counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import add
from typing import Any

from reduse.processor.core.metric import Column, Distribution, Labels, Metric, Point, Shape, labels_of

Value = float | Distribution
# By metric and labels.
Values = dict[str, dict[Labels, Value]]
# Of one shard, by metric.
Said = Mapping[str, Sequence[Point]]


def merge(into: Values, said: Said) -> None:
    """Add all of them."""
    for name, points in said.items():
        _add_all(into.setdefault(name, {}), points)


def _add_all(into: dict[Labels, Any], points: Iterable[Point]) -> None:
    """Add the values of one metric; None adds nothing."""
    for value, attributes in points:
        labels = labels_of(attributes)
        before = into.get(labels)
        try:
            into[labels] = value if before is None else before if value is None else before + value
        except TypeError:
            # Two releases of a plug-in, of which one has a number and the other a distribution.
            into[labels] = value


def total(shards: Sequence[Sequence[Point]]) -> Sequence[Point]:
    """The points of one metric of some shards as those of one, added up in their order."""
    return _by_place(shards) or _points(_by_labels(shards))


def _by_place(shards: Sequence[Sequence[Point]]) -> Column | None:
    """Of nearly all metrics all shards have the same series, in the same order, each with a value."""
    first, *others = shards
    if type(first) is not Column:
        return None
    values: Sequence[Any] = first.values
    for points in others:
        if type(points) is not Column or points.series is not first.series:
            return None
        try:
            values = list(map(add, values, points.values))
        except TypeError:
            return None
    return Column(values, first.series)


def _by_labels(shards: Iterable[Iterable[Point]]) -> dict[Labels, Any]:
    found: dict[Labels, Any] = {}
    for points in shards:
        _add_all(found, points)
    return found


def _points(series: Mapping[Labels, Value | None]) -> tuple[Point, ...]:
    return tuple([Point(value, labels) for labels, value in series.items()])


def cumulative(metrics: Iterable[Metric]) -> Said:
    """The values of counters and histograms."""
    return {metric.name: without_ended(metric).points for metric in metrics if metric.shape is not Shape.GAUGE}


def counters(shards: Iterable[Said], before: Mapping[str, Mapping[Labels, Value]]) -> dict[str, Sequence[Point]]:
    """Those of all shards, and what was counted `before` by others. What nobody counts any more ends."""
    found: dict[str, list[Sequence[Point]]] = {}
    for said in shards:
        for name, points in said.items():
            found.setdefault(name, []).append(points)
    return {name: _with_those_before(total(points), before.get(name)) for name, points in found.items()}


def _with_those_before(points: Sequence[Point], before: Mapping[Labels, Value] | None) -> Sequence[Point]:
    if not before:
        return points
    summed = _by_labels([points])
    _add_all(summed, [Point(value, labels) for labels, value in before.items() if labels in summed])
    return _points(summed)


def gauges(shards: Iterable[Iterable[Metric]], shown: Iterable[Metric]) -> list[Metric]:
    """Of each gauge one. A series has ended when it has in all shards that tell of it, or was `shown` before and no
    shard tells of it."""
    heads: dict[str, Metric] = {}
    told: dict[str, list[Sequence[Point]]] = {}
    for metrics in shards:
        for metric in metrics:
            if metric.shape is Shape.GAUGE:
                heads[metric.name] = metric
                told.setdefault(metric.name, []).append(metric.points)
    found = {name: total(points) for name, points in told.items()}
    for metric in shown:
        heads.setdefault(metric.name, metric)
        found[metric.name] = _with_those_shown(found.get(metric.name, ()), metric.points)
    return [head._replace(points=found[name]) for name, head in heads.items()]


def _with_those_shown(points: Sequence[Point], shown: Sequence[Point]) -> Sequence[Point]:
    if type(points) is Column and type(shown) is Column and points.series is shown.series:
        return points
    series = _by_labels([points])
    for _, attributes in shown:
        series.setdefault(labels_of(attributes), None)
    return _points(series)


def without_ended(metric: Metric) -> Metric:
    """The series that have a value."""
    if type(metric.points) is Column and None not in metric.points.values:
        return metric
    return metric._replace(points=tuple([point for point in metric.points if point.value is not None]))
