import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.apportion import apportion, windows_of

SECOND = 1_000_000_000
TIMES = st.integers(1, 200 * SECOND)


@given(st.lists(st.integers(0, 2**40), max_size=5), TIMES, st.integers(0, 120 * SECOND))
def test_the_parts_are_whole_not_negative_and_sum_exactly(values: list[int], start: int, length: int) -> None:
    parts = list(apportion(np.array(values, np.int64), start, start + length, SECOND))

    assert [index for index, _ in parts] == list(windows_of(start, start + length, SECOND))
    assert np.array_equal(sum(part for _, part in parts), np.array(values, np.int64))
    assert all((part >= 0).all() for _, part in parts)


@given(st.integers(0, 2**32), TIMES, st.integers(1, 120 * SECOND))
def test_a_part_is_within_one_of_its_share_of_the_interval(value: int, start: int, length: int) -> None:
    time = start + length
    for index, part in apportion(np.array([value], np.int64), start, time, SECOND):
        overlap = min(time, (index + 1) * SECOND) - max(start, index * SECOND)
        assert abs(int(part[0]) - value * overlap / length) <= 1 + value * 1e-12


def test_an_interval_that_ends_on_a_boundary_does_not_reach_into_the_next_window() -> None:
    assert list(windows_of(SECOND, 2 * SECOND, SECOND)) == [1]


def test_an_empty_interval_counts_in_the_window_it_ends() -> None:
    assert list(windows_of(2 * SECOND, 2 * SECOND, SECOND)) == [1]
