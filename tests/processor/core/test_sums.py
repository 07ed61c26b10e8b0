"""Values of several shards are added up by series, whatever they are."""

from reduse.processor.core.metric import Distribution, Labels, Metric, Point, Shape
from reduse.processor.core.sums import add_all, gauges, merge

ONE, TWO = Labels(limit="1"), Labels(limit="2")


def test_distributions_are_added_bucket_by_bucket_and_begin_anew_with_other_bounds() -> None:
    some = Distribution((1, 2), (3, 4, 5), 6.5)
    assert some + Distribution((1, 2), (1, 1, 1), 0.5) == Distribution((1, 2), (4, 5, 6), 7.0)
    other = Distribution((1,), (1, 1), 2.0)
    assert some + other == other


def test_a_number_and_a_distribution_of_one_name_stop_nobody() -> None:
    found: dict[Labels, object] = {ONE: 3}
    add_all(found, [(ONE, Distribution((1,), (1, 1), 2.0)), (TWO, 4), (TWO, None)])
    assert found == {ONE: Distribution((1,), (1, 1), 2.0), TWO: 4}


def test_what_is_merged_is_left_as_it_is() -> None:
    values = {"a": {ONE: 1}}
    into: dict[str, dict[Labels, float | Distribution]] = {}
    merge(into, values)
    merge(into, values)
    assert into == {"a": {ONE: 2}}
    assert values == {"a": {ONE: 1}}


def test_a_gauges_series_ends_when_no_shard_has_a_value_and_it_was_shown() -> None:
    def gauge(*points: Point) -> Metric:
        return Metric("a", "1", Shape.GAUGE, points)

    (found,) = gauges([[gauge(Point(None, ONE))], [gauge(Point(2, ONE))]], [gauge(Point(7, TWO))])
    assert {labels: value for value, labels in found.points} == {ONE: 2, TWO: None}
