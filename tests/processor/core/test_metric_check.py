"""Only what can be sent passes, and the message names the metric."""

import math

import numpy as np
import pytest

from reduse.processor.core.metric import Distribution, Labels, Metric, Point, Shape
from reduse.processor.core.metric_check import POINTS_LIMIT, MetricError, checked

DISTRIBUTION = Distribution((1.0,), (1, 2), 3.0)


def metric(*points: Point, name: str = "acme.things", shape: Shape = Shape.GAUGE) -> Metric:
    return Metric(name, "1", shape, points)


@pytest.mark.parametrize("value", [0, -3, 2**63 - 1, 1.5, None])
def test_plain_numbers_pass_as_they_are(value: float | None) -> None:
    (found,) = checked([metric(Point(value))])
    assert found.points[0].value == value
    assert type(found.points[0].value) is type(value)


@pytest.mark.parametrize("value", [np.int64(5), np.uint64(5), np.uint8(5)])
def test_numpys_whole_numbers_become_pythons(value: int) -> None:
    assert type(checked([metric(Point(value))])[0].points[0].value) is int


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5)])
def test_numpys_other_numbers_become_pythons(value: float) -> None:
    assert type(checked([metric(Point(value))])[0].points[0].value) is float


def test_a_distribution_is_for_a_histogram() -> None:
    assert checked([metric(Point(DISTRIBUTION), shape=Shape.HISTOGRAM)])
    for shape, value in ((Shape.GAUGE, DISTRIBUTION), (Shape.HISTOGRAM, 1)):
        with pytest.raises(MetricError, match=f"not a valid value of a {shape.value}"):
            checked([metric(Point(value), shape=shape)])


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**63, "7", np.float64("nan")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(MetricError, match=r"acme\.things"):
        checked([metric(Point(value))])


@pytest.mark.parametrize("name", ["", "1st", "with space", "läuft", "x" * 256])
def test_names_are_opentelemetrys(name: str) -> None:
    with pytest.raises(MetricError, match="not a name"):
        checked([metric(Point(1), name=name)])


def test_series_are_different_bounded_and_labelled_by_text() -> None:
    with pytest.raises(MetricError, match="same attributes"):
        checked([metric(Point(1, {"a": "b"}), Point(2, {"a": "b"}))])
    with pytest.raises(MetricError, match="must be text"):
        checked([metric(Point(1, {"a": 1}))])  # type: ignore[dict-item]  # what a plug-in may do
    with pytest.raises(MetricError, match="must be text"):
        checked([metric(Point(1, {"service": "mine"}))])
    with pytest.raises(MetricError, match="at most"):
        checked([metric(*(Point(1, {"a": str(number)}) for number in range(POINTS_LIMIT + 1)))])
    with pytest.raises(MetricError, match="twice"):
        checked([metric(Point(1)), metric(Point(1, {"a": "b"}))])
    with pytest.raises(MetricError, match="not a Metric"):
        checked([("acme", 1)])


def test_labels_are_attributes_that_were_looked_at_before() -> None:
    kept = metric(Point(1.5, Labels(a="b")), Point(None, Labels(a="c")))
    assert checked([kept]) == (kept,)
    for points in (
        (Labels(a="b"), Labels(a="b")),
        (Labels(a="b"), {"a": "b"}),
        (Labels(a="1", b="2"), {"b": "2", "a": "1"}),
    ):
        with pytest.raises(MetricError, match="same attributes"):
            checked([metric(*(Point(1, each) for each in points))])
    with pytest.raises(MetricError, match="not a valid value"):
        checked([metric(Point(math.nan, Labels(a="b")))])


@pytest.mark.parametrize("wrong", [{"a": 1}, {"service": "mine"}])
def test_labels_are_text(wrong: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="must be text"):
        Labels(**wrong)


def test_labels_are_a_mapping_like_another() -> None:
    labels = Labels(a="b", c="d")
    assert labels == {"c": "d", "a": "b"} == dict(labels)
    assert labels == Labels(c="d", a="b")
    assert hash(labels) == hash(Labels(c="d", a="b"))
    assert (labels["a"], len(labels), list(labels), repr(labels)) == ("b", 2, ["a", "c"], "{'a': 'b', 'c': 'd'}")
