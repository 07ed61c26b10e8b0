"""What a processor yielded, as it can be sent; or why it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from numbers import Integral, Real
from typing import Any

from reduse.processor.core.metric import SERVICE, Column, Distribution, Labels, Metric, Point, Shape, series_of

# OpenTelemetry's syntax of an instrument's name.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-/]{0,254}", re.ASCII)
_2_63 = 2**63
_INT64 = range(-_2_63, _2_63)
_NAMES_KEPT = 1024
# Series that one processor may have of one metric.
POINTS_LIMIT = 10_000
_TWICE = "two points have the same attributes"


class MetricError(Exception):
    """A metric that cannot be sent; the message names it."""


def checked(metrics: Iterable[object]) -> tuple[Metric, ...]:
    """The same metrics with plain numbers in the place of NumPy's. Raises MetricError."""
    found: dict[str, Metric] = {}
    for each in metrics:
        metric = _metric(each)
        if metric.name in found:
            raise MetricError(f"{metric.name}: yielded twice for one window: yield one metric with all of its points")
        found[metric.name] = metric
    return tuple(found.values())


def _metric(metric: object) -> Metric:
    if not isinstance(metric, Metric):
        raise MetricError(f"{metric!r} is not a Metric")
    if not _is_name(metric.name):
        raise MetricError(f"{metric.name!r} is not a name that OpenTelemetry allows")
    if len(metric.points) > POINTS_LIMIT:
        raise MetricError(f"{metric.name}: {len(metric.points)} points, but at most {POINTS_LIMIT} are sent")
    if type(metric.points) is Column:
        return _in_columns(metric, metric.points)
    series, plain = set(), type(metric.points) is tuple and metric.shape is not Shape.HISTOGRAM
    for point in metric.points:
        value, attributes = point.value, point.attributes
        series.add(attributes.series if type(attributes) is Labels else _series(metric, attributes))
        # Nearly every point of a window.
        plain = plain and (
            (type(value) is float and isfinite(value))
            or value is None
            or (type(value) is int and -_2_63 <= value < _2_63)
        )
    if len(series) < len(metric.points):
        raise MetricError(f"{metric.name}: {_TWICE}")
    return metric if plain else metric._replace(points=tuple([_point(metric, point) for point in metric.points]))


def _in_columns(metric: Metric, points: Column) -> Metric:
    """The same of points whose labels have been looked at."""
    if not points.series.are_different:
        raise MetricError(f"{metric.name}: {_TWICE}")
    values: Sequence[Any] = points.values
    types = set(map(type, values))
    # Nearly all columns of a window.
    if metric.shape is not Shape.HISTOGRAM and (
        (types == {int} and -_2_63 <= min(values) and max(values) < _2_63)
        or (types == {float} and all(map(isfinite, values)))
    ):
        return metric
    return metric._replace(points=Column([_point(metric, point).value for point in points], points.series))


@lru_cache(_NAMES_KEPT)
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _series(metric: Metric, attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if SERVICE in attributes or not all(isinstance(text, str) for text in (*attributes, *attributes.values())):
        raise MetricError(f"{metric.name}: attributes {dict(attributes)} must be text, and must not include {SERVICE}")
    return series_of(attributes)


def _point(metric: Metric, point: Point) -> Point:
    value: object = point.value
    if value is None or (isinstance(value, Distribution) and metric.shape is Shape.HISTOGRAM):
        return point
    if metric.shape is not Shape.HISTOGRAM:
        # NumPy's numbers are neither int nor, all of them, float.
        if isinstance(value, Integral):
            if int(value) in _INT64:
                return Point(int(value), point.attributes)
        elif isinstance(value, Real) and isfinite(value):
            return Point(float(value), point.attributes)
    raise MetricError(f"{metric.name}: {value!r} is not a valid value of a {metric.shape.value}")
