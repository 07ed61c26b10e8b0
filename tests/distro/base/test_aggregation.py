"""Our histogram and counter agree with the data model, and stay within their bound."""

from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.base.aggregation import HistogramAggregation, HistogramState, SumAggregation, SumState

BOUNDS = (0.1, 0.5, 1.0)


def test_a_value_equal_to_a_bound_belongs_below_it() -> None:
    histogram = HistogramAggregation(("a",), BOUNDS)
    for value in (0.0, 0.1, 0.10001, 1.0, 1.5):
        histogram.observe(("x",), value)
    (state,) = histogram.states(7)
    assert state.bucket_counts == (2, 1, 1, 1)
    assert state.attributes == {"a": "x"}


def test_an_absent_attribute_is_left_out() -> None:
    counter = SumAggregation(("a", "b"))
    counter.add((None, 5), 1)
    (state,) = counter.states(7)
    assert state.attributes == {"b": 5}


def test_a_series_starts_at_the_collection_before_its_first_and_keeps_the_object_of_its_attributes() -> None:
    histogram, counter = HistogramAggregation(("a",), BOUNDS), SumAggregation(("a",))

    def collected(previous: int) -> list[HistogramState | SumState]:
        return [*histogram.states(previous), *counter.states(previous)]

    for previous, key in ((10, "x"), (20, "y")):
        histogram.observe((key,), 0.1)
        counter.add((key,), 1)
        states = collected(previous)
    again = collected(30)
    assert [(state.attributes["a"], state.start) for state in again] == [("x", 10), ("y", 20)] * 2
    assert all(one.attributes is other.attributes for one, other in zip(states, again, strict=True))


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 10)), max_size=200))
def test_beyond_the_limit_one_marked_series_keeps_the_total(observations: list[tuple[int, float]]) -> None:
    histogram, counter = HistogramAggregation(("a",), BOUNDS, limit=5), SumAggregation(("a",), limit=5)
    for key, value in observations:
        histogram.observe((key,), value)
        counter.add((key,), 1)
    assert sum(sum(state.bucket_counts) for state in histogram.states(7)) == len(observations)
    assert sum(state.value for state in counter.states(7)) == len(observations)
    for states in (histogram.states(7), counter.states(7)):
        marked = [state for state in states if state.attributes == {"otel.metric.overflow": True}]
        assert len(states) <= 6
        assert len(marked) == (len({key for key, _ in observations}) > 5)
