"""Values of several shards are added up by series, whatever they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.metric import Column, Distribution, Labels, Metric, Point, Series, Shape
from reduse.processor.core.sums import Values, cumulative, gauges, merge, total

ONE, TWO, THREE = Labels(limit="1"), Labels(limit="2"), Labels(limit="3")


def test_distributions_are_added_bucket_by_bucket_and_begin_anew_with_other_bounds() -> None:
    some = Distribution((1, 2), (3, 4, 5), 6.5)
    assert some + Distribution((1, 2), (1, 1, 1), 0.5) == Distribution((1, 2), (4, 5, 6), 7.0)
    other = Distribution((1,), (1, 1), 2.0)
    assert some + other == other


def test_a_number_and_a_distribution_of_one_name_stop_nobody() -> None:
    distribution = Distribution((1,), (1, 1), 2.0)
    found = total([[Point(3, ONE)], [Point(distribution, ONE), Point(4, TWO)], [Point(None, TWO)]])
    assert found == (Point(distribution, ONE), Point(4, TWO))
    series = Series([ONE])
    assert total([Column([3], series), Column([distribution], series)]) == (Point(distribution, ONE),)
    assert total([Column([distribution], series), Column([3], series)]) == (Point(3, ONE),)


NUMBERS = st.one_of(st.none(), st.integers(0, 9), st.floats(0, 9))
COLUMNS = st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=4)


@given(COLUMNS)
def test_values_of_the_same_series_are_added_up_by_their_place_as_by_their_labels(shards: list[list[float]]) -> None:
    series = Series([ONE, TWO, THREE])
    by_place = total([Column(values, series) for values in shards])
    assert by_place == total([tuple(Column(values, series)) for values in shards])


def test_points_in_columns_are_points() -> None:
    points = Column([1, None], Series([ONE, TWO]))
    assert points == (Point(1, ONE), Point(None, TWO))
    assert (points[1], len(points), hash(points)) == (Point(None, TWO), 2, hash(tuple(points)))
    with pytest.raises(ValueError, match="1 values of 2 series"):
        Column([1], points.series)


def test_no_value_has_ended_and_counts_nothing() -> None:
    (points,) = cumulative([Metric("a", "1", Shape.COUNTER, Column([1, None], Series([ONE, TWO])))]).values()
    assert points == (Point(1, ONE),)


def test_what_is_merged_is_left_as_it_is() -> None:
    said = {"a": [Point(1, ONE)]}
    into: Values = {}
    merge(into, said)
    merge(into, said)
    assert into == {"a": {ONE: 2}}
    assert said == {"a": [Point(1, ONE)]}


def test_a_gauges_series_ends_when_no_shard_has_a_value_and_it_was_shown() -> None:
    def gauge(*points: Point) -> Metric:
        return Metric("a", "1", Shape.GAUGE, points)

    (found,) = gauges([[gauge(Point(None, ONE))], [gauge(Point(2, ONE))]], [gauge(Point(7, TWO))])
    assert {labels: value for value, labels in found.points} == {ONE: 2, TWO: None}
