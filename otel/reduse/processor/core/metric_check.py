"""What a processor yielded, as it can be sent; or why it cannot."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Integral, Real

from reduse.processor.core.metric import Distribution, Metric, Point, Shape

# OpenTelemetry's syntax of an instrument's name.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-/]{0,254}", re.ASCII)
_INT64 = range(-(2**63), 2**63)
# Series that one processor may have of one metric.
POINTS_LIMIT = 10_000
# The engine's own attribute.
SERVICE = "service"


class MetricError(Exception):
    """A metric that cannot be sent; the message names it."""


def checked(metrics: Iterable[object]) -> tuple[Metric, ...]:
    """The same metrics with plain numbers in the place of NumPy's. Raises MetricError."""
    found = tuple(_metric(metric) for metric in metrics)
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1:
            raise MetricError(f"{name}: yielded twice for one window, yield one metric with all its points")
    return found


def _metric(metric: object) -> Metric:
    if not isinstance(metric, Metric):
        raise MetricError(f"{metric!r} is not a Metric")
    if not _NAME.fullmatch(metric.name):
        raise MetricError(f"{metric.name!r} is not a name that OpenTelemetry allows")
    if len(metric.points) > POINTS_LIMIT:
        raise MetricError(f"{metric.name}: {len(metric.points)} points, at most {POINTS_LIMIT} are sent")
    series = set()
    for point in metric.points:
        attributes = point.attributes
        if SERVICE in attributes or not _is_text(attributes):
            raise MetricError(f"{metric.name}: attributes {dict(attributes)} must be text, and {SERVICE} is not theirs")
        series.add(frozenset(attributes.items()))
    if len(series) < len(metric.points):
        raise MetricError(f"{metric.name}: two points have the same attributes")
    return replace(metric, points=tuple([_point(metric, point) for point in metric.points]))


def _is_text(attributes: Mapping[str, str]) -> bool:
    return all(isinstance(text, str) for text in (*attributes, *attributes.values()))


def _point(metric: Metric, point: Point) -> Point:
    value: object = point.value
    if type(value) is float and math.isfinite(value) and metric.shape is not Shape.HISTOGRAM:
        # Nearly every point of a window.
        return point
    if value is None or (isinstance(value, Distribution) and metric.shape is Shape.HISTOGRAM):
        return point
    if metric.shape is not Shape.HISTOGRAM:
        # NumPy's numbers are neither int nor, all of them, float.
        if isinstance(value, Integral):
            if int(value) in _INT64:
                return Point(int(value), point.attributes)
        elif isinstance(value, Real) and math.isfinite(value):
            return Point(float(value), point.attributes)
    raise MetricError(f"{metric.name}: {value!r} is no value of a {metric.shape.value}")
