"""What counters grew by, exactly: in all and in the busiest second."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.recommendation.tally import EDGE_SECONDS, Samples, Series, Tally, growth

USERS = Series("p", identity="user")
ANONYMOUS = Series("p", identity="anonymous")
LIMIT = Series("p", limit=5.0)

counts = st.lists(st.integers(0, 1000), min_size=1, max_size=40)


def counter(grown: Sequence[int], *, base: int = 0, first: int = 1, lost: frozenset[int] = frozenset()) -> Samples:
    """A counter's samples, once a second; it begins again at 0 before the seconds `lost`."""
    samples, value = [], base
    for second, count in enumerate(grown, first):
        value = (0 if second in lost else value) + count
        samples.append((second, float(value)))
    return samples


@given(counts, st.integers(0, 10**12))
def test_all_that_was_counted_after_the_base_is_counted(grown: list[int], base: int) -> None:
    tally = Tally({USERS: base})
    tally.add({USERS: counter(grown, base=base)})
    assert tally.requests == tally.all_requests == sum(grown)
    assert tally.peak == max(grown)


@given(counts)
def test_a_counter_that_begins_in_the_window_counts_from_its_first_sample(grown: list[int]) -> None:
    tally = Tally({})
    tally.add({USERS: counter(grown)})
    assert tally.requests == sum(grown)


@given(counts, st.sets(st.integers(2, 40)))
def test_a_reset_loses_nothing_that_can_be_seen(grown: list[int], lost: set[int]) -> None:
    """A counter that has grown beyond its old value within a second looks as if it had never been reset."""
    samples = counter(grown, lost=frozenset(lost))
    values = [0.0, *(value for _, value in samples)]
    hidden = sum(
        before
        for (second, value), before in zip(samples, values, strict=False)
        if second in lost and second > 1 and value >= before
    )
    tally = Tally({})
    tally.add({USERS: samples})
    assert tally.requests == sum(grown) - hidden


@given(counts, st.integers(0, 40))
def test_chunks_add_up_to_the_whole(grown: list[int], cut: int) -> None:
    refused = [count // 2 for count in grown]
    whole, chunked = Tally({}), Tally({})
    chunk = {USERS: counter(grown), LIMIT: counter(refused)}
    whole.add(chunk)
    chunked.add({series: samples[:cut] for series, samples in chunk.items()})
    chunked.add({series: samples[cut:] for series, samples in chunk.items()})
    assert chunked.requests == whole.requests
    assert chunked.rejected == whole.rejected == {5.0: sum(refused)}
    assert (chunked.peak, chunked.left_peak) == (whole.peak, whole.left_peak)
    assert (chunked.span(), chunked.incomplete()) == (whole.span(), whole.incomplete())


@given(counts, counts)
def test_processors_add_up_second_by_second(one: list[int], other: list[int]) -> None:
    tally = Tally({})
    tally.add({USERS: counter(one), Series("q", identity="user"): counter(other)})
    both = [sum(pair) for pair in zip(one, other, strict=False)] + one[len(other) :] + other[len(one) :]
    assert tally.requests == sum(one) + sum(other)
    assert tally.peak == max(both)


@given(counts, counts, st.data())
def test_the_peak_left_counts_everybody_and_takes_away_what_is_rejected(
    known: list[int], unknown: list[int], data: st.DataObject
) -> None:
    unknown = (unknown * len(known))[: len(known)]
    refused = [data.draw(st.integers(0, count)) for count in known]
    tally = Tally({})
    tally.add({LIMIT: counter(refused), USERS: counter(known), ANONYMOUS: counter(unknown)})
    left = [a + b - c for a, b, c in zip(known, unknown, refused, strict=True)]
    assert tally.left_peak == {5.0: max(left)}
    assert tally.requests == sum(known)
    assert tally.all_requests == sum(known) + sum(unknown)


@given(counts, st.integers(1, 10**6))
def test_rejections_counted_under_another_burst_are_not_in_the_window(grown: list[int], before: int) -> None:
    """A processor whose burst is changed goes on from its counts, in a series that is new."""
    tally = Tally({USERS: 0})
    tally.add({LIMIT: counter(grown, base=before + grown[0]), USERS: counter(grown)})
    assert tally.rejected == {5.0: sum(grown[1:])}


def test_a_base_found_later_does_not_replace_one() -> None:
    tally = Tally({USERS: 10})
    tally.begin({USERS: 1, ANONYMOUS: 5})
    assert tally.knows(ANONYMOUS)
    tally.add({USERS: [(1, 12.0)], ANONYMOUS: [(1, 6.0)]})
    assert (tally.requests, tally.all_requests) == (2, 3)


@pytest.mark.parametrize(("first", "last"), [(EDGE_SECONDS + 2, 60), (1, 60 - EDGE_SECONDS - 1)])
def test_a_limit_that_was_not_tried_all_the_time_is_incomplete(first: int, last: int) -> None:
    tally = Tally({})
    limit = counter([0] * (last - first + 1), first=first)
    tally.add({USERS: counter([1] * 60), LIMIT: counter([0] * 60), Series("p", limit=9.0): limit})
    assert tally.incomplete() == {9.0}


def test_a_limit_that_one_of_two_processors_does_not_try_is_incomplete() -> None:
    tally = Tally({})
    tally.add({USERS: counter([1] * 60), LIMIT: counter([0] * 60), Series("q", identity="user"): counter([1] * 60)})
    assert tally.incomplete() == {5.0}


def test_nothing_has_no_span_and_nothing_incomplete() -> None:
    tally = Tally({})
    tally.add({USERS: []})
    assert tally.span() is None
    assert tally.incomplete() == set()


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_growth_is_never_negative_nor_more_than_the_value(before: int, value: int) -> None:
    assert 0 <= growth(before, value) <= value
