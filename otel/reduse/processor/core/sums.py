"""Metrics of several shards as one: values of the same series are added up.

A counter or a histogram is cumulative, of each shard since it began; one that begins anew, or is not heard any more,
does not take away what it had counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reduse.processor.core.metric import Distribution, Labels, Metric, Point, Shape, labels_of

Value = float | Distribution
# By metric and labels.
Values = dict[str, dict[Labels, Value]]


def merge(into: Values, values: Mapping[str, Mapping[Labels, Value]]) -> None:
    """Add all of them."""
    for name, series in values.items():
        add_all(into.setdefault(name, {}), series.items())


def add_all(into: dict[Labels, Any], series: Iterable[tuple[Labels, Any]]) -> None:
    """Add the values of one metric; None adds nothing."""
    for labels, value in series:
        before = into.get(labels)
        try:
            into[labels] = value if before is None else before if value is None else before + value
        except TypeError:
            # Two releases of a plug-in, of which one has a number and the other a distribution.
            into[labels] = value


def cumulative(metrics: Iterable[Metric]) -> Values:
    """The values of counters and histograms."""
    return {
        metric.name: {labels_of(point.attributes): point.value for point in metric.points if point.value is not None}
        for metric in metrics
        if metric.shape is not Shape.GAUGE
    }


def with_points(head: Metric, series: Mapping[Labels, Value | None]) -> Metric:
    """The same metric with these values."""
    return head._replace(points=tuple([Point(value, labels) for labels, value in series.items()]))


def gauges(shards: Iterable[Iterable[Metric]], shown: Iterable[Metric]) -> list[Metric]:
    """Of each gauge one. A series has ended when it has in all shards that tell of it, or was `shown` before and no
    shard tells of it."""
    heads: dict[str, Metric] = {}
    summed: dict[str, dict[Labels, Any]] = {}
    for metrics in shards:
        for metric in metrics:
            if metric.shape is not Shape.GAUGE:
                continue
            heads[metric.name] = metric
            series = ((labels_of(attributes), value) for value, attributes in metric.points)
            add_all(summed.setdefault(metric.name, {}), series)
    for metric in shown:
        heads.setdefault(metric.name, metric)
        found = summed.setdefault(metric.name, {})
        for _, attributes in metric.points:
            found.setdefault(labels_of(attributes), None)
    return [with_points(head, summed[name]) for name, head in heads.items()]


def without_ended(metric: Metric) -> Metric:
    """The series that have a value."""
    return metric._replace(points=tuple([point for point in metric.points if point.value is not None]))
