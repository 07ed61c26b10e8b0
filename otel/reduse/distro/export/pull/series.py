"""Metrics as contrib's reader must get them for the page to have the series that the collector would write."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import Gauge, Metric


def one_of_each_name(metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics with those of one name and kind put together.

    Two instrumentations may measure the same thing with different attributes. Contrib's reader gives all of them the
    label names of the first, so values would get under names that are not theirs.
    """
    merged: dict[tuple[str, str, type], Metric] = {}
    for metric in map(_named_like_the_collectors, metrics):
        key = (metric.name, metric.unit or "", type(metric.data))
        first: Any = merged.get(key)
        if first is None:
            merged[key] = metric
        else:
            points = [*first.data.data_points, *metric.data.data_points]
            merged[key] = replace(first, data=replace(first.data, data_points=points))
    return list(merged.values())


def _named_like_the_collectors(metric: Metric) -> Metric:
    # "Prometheus and OpenMetrics Compatibility", "Metric Metadata": a gauge whose unit is 1 is a ratio. The collector
    # follows that, contrib's reader does not.
    if metric.unit == "1" and isinstance(metric.data, Gauge):
        return replace(metric, name=f"{metric.name}.ratio")
    return metric
