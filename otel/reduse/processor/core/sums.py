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


def add_up(one: Value, other: Value) -> Value:
    """Distributions of other bounds cannot be added: the second one is where counting begins anew."""
    if isinstance(one, Distribution) and isinstance(other, Distribution):
        if one.bounds != other.bounds:
            return other
        buckets = tuple(map(sum, zip(one.buckets, other.buckets, strict=True)))
        return Distribution(one.bounds, buckets, one.sum + other.sum)
    if isinstance(one, Distribution) or isinstance(other, Distribution):
        return other
    return one + other


def merge(into: Values, values: Mapping[str, Mapping[Labels, Value]]) -> None:
    """Add all of them."""
    for name, series in values.items():
        found = into.setdefault(name, {})
        for labels, value in series.items():
            before = found.get(labels)
            found[labels] = value if before is None else add_up(before, value)


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
            found = summed.setdefault(metric.name, {})
            for value, attributes in metric.points:
                labels = labels_of(attributes)
                before = found.get(labels)
                found[labels] = value if before is None else before if value is None else add_up(before, value)
    for metric in shown:
        heads.setdefault(metric.name, metric)
        found = summed.setdefault(metric.name, {})
        for _, attributes in metric.points:
            found.setdefault(labels_of(attributes), None)
    return [with_points(head, summed[name]) for name, head in heads.items()]


def without_ended(metric: Metric) -> Metric:
    """The series that have a value."""
    return metric._replace(points=tuple([point for point in metric.points if point.value is not None]))
