"""Metrics as values that JSON has.

Names and labels are the same in every window: each is one text, which is looked up and not read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from reduse.processor.core.metric import Column, Distribution, Labels, Metric, Point, Series, Shape, labels_of
from reduse.processor.core.sums import Said, Values

# Series of a hundred services' processors; and of their metrics.
_LABELS_KEPT = 16_384
_HEADS_KEPT = 1024
# Of each metric all series of a window, which are the same in the next one.
_SERIES_KEPT = 1024


def plain_metrics(metrics: Iterable[Metric]) -> list[Any]:
    """As JSON has it."""
    return [[_head_text(*metric[:3], metric.description), *_plain_points(metric)] for metric in metrics]


def rich_metrics(plain: Iterable[Any]) -> tuple[Metric, ...]:
    """What `plain_metrics` was given."""
    return tuple([_rich_metric(_head(head), series, values) for head, series, values in plain])


def numbered_metrics(metrics: Iterable[Metric], texts: dict[str, int]) -> list[Any]:
    """The same with the numbers of texts, which come into `texts`."""
    return [
        [texts.setdefault(head, len(texts)), texts.setdefault(series, len(texts)), values]
        for head, series, values in plain_metrics(metrics)
    ]


def metrics_by_number(plain: Iterable[Any], texts: Sequence[str]) -> tuple[Metric, ...]:
    """What `numbered_metrics` was given."""
    return tuple([_rich_metric(_head(texts[head]), texts[series], values) for head, series, values in plain])


def _plain_points(metric: Metric) -> tuple[str, Sequence[Any]]:
    """(their series, their values)."""
    points = metric.points
    if type(points) is not Column:
        series = _series_text(tuple([labels_of(attributes) for _, attributes in points]))
        return series, [_plain_value(value) for value, _ in points]
    if points.series.text is None:
        points.series.text = _series_text(points.series.labels)
    values = points.values
    return points.series.text, list(map(_plain_value, values)) if metric.shape is Shape.HISTOGRAM else values


def _rich_metric(head: Metric, series: str, values: Sequence[Any]) -> Metric:
    name, unit, shape, _, description = head
    if shape is Shape.HISTOGRAM:
        values = list(map(_rich_value, values))
    return Metric(name, unit, shape, Column(values, _series(series)), description)


def plain_said(said: Said) -> list[Any]:
    """As JSON has it."""
    return [
        [name, [[_labels_text(labels_of(attributes)), _plain_value(value)] for value, attributes in points]]
        for name, points in said.items()
    ]


def rich_said(plain: Iterable[Any]) -> Said:
    """What `plain_said` was given."""
    return {name: tuple([Point(_rich_value(value), _labels(text)) for text, value in series]) for name, series in plain}


def plain_values(values: Values) -> list[Any]:
    """As JSON has it: the same as those of one who says them."""
    return plain_said({name: [Point(value, each) for each, value in of.items()] for name, of in values.items()})


def rich_values(plain: Iterable[Any]) -> Values:
    """What `plain_values` was given."""
    return {name: {_labels(text): _rich_value(value) for text, value in series} for name, series in plain}


def _plain_value(value: float | Distribution | None) -> Any:
    return [value.bounds, value.buckets, value.sum] if isinstance(value, Distribution) else value


def _rich_value(plain: Any) -> Any:
    if isinstance(plain, list):
        bounds, buckets, total = plain
        return Distribution(tuple(bounds), tuple(buckets), total)
    return plain


@lru_cache(_LABELS_KEPT)
def _labels_text(attributes: Labels) -> str:
    return json.dumps(dict(attributes), separators=(",", ":"))


@lru_cache(_LABELS_KEPT)
def _labels(text: str) -> Labels:
    """The same object each time, as what encodes it leaves its bytes there."""
    found: Mapping[str, str] = json.loads(text)
    return Labels(**found)


@lru_cache(_SERIES_KEPT)
def _series_text(series: tuple[Labels, ...]) -> str:
    return json.dumps(list(map(_labels_text, series)), separators=(",", ":"))


@lru_cache(_SERIES_KEPT)
def _series(text: str) -> Series:
    """The same object each time: values of the same series are added up without a look at them."""
    return Series(map(_labels, json.loads(text)))


@lru_cache(_HEADS_KEPT)
def _head_text(name: str, unit: str, shape: Shape, description: str) -> str:
    return json.dumps([name, unit, shape.value, description], separators=(",", ":"))


@lru_cache(_HEADS_KEPT)
def _head(text: str) -> Metric:
    """Without points."""
    name, unit, shape, description = json.loads(text)
    return Metric(name, unit, Shape(shape), (), description)
