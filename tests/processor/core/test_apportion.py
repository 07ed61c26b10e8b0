from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.apportion import INTERVAL_LIMIT, part_of, windows_of
from reduse.processor.core.columns import Kind

SECOND = 1_000_000_000
TIMES = st.integers(1, 200 * SECOND)
VALUES = st.integers(0, 10) | st.integers(2**23 - 2, 2**23 + 2) | st.integers(0, 2**40)

# A point: whose it is, its requests, its microseconds, whether it is fresh, how much later it begins than the first.
Row = tuple[Kind, int, int, bool, int]
ROWS = st.lists(
    st.tuples(st.sampled_from(Kind), VALUES, VALUES, st.booleans(), st.just(0) | st.integers(0, 120 * SECOND)),
    max_size=8,
)


def floor_share(value: int, start: int, time: int, end: int) -> int:
    """Of [start, time) what is before `end`, by numbers without a bound."""
    start = min(start, time - 1)
    return value * (min(max(end, start), time) - start) // (time - start)


def part(value: int, start: int, time: int, index: int) -> int:
    """What of a value is in a window."""
    ends = index * SECOND, (index + 1) * SECOND
    before, through = (floor_share(value, start, time, end) for end in ends)
    return through - before


# Rows of users, and what is nobody's and of the overflow.
Part = tuple[list[tuple[int, ...]], tuple[int, int], tuple[int, int]]


def parts(rows: list[Row], start: int, time: int, *, alike: bool) -> list[Part]:
    """Of each window what `part_of` says, as plain values."""
    kinds = np.array([row[0] for row in rows], np.uint8)
    counts, microseconds = (np.array([row[at] for row in rows], np.int64) for at in (1, 2))
    fresh, later = np.array([row[3] for row in rows], np.bool_), np.array([row[4] for row in rows], np.int64)
    users = np.arange(1, len(rows) + 1, dtype=np.uint64)
    starts = np.empty(0, np.int64) if alike else np.minimum(start + later, time)
    found: list[Part] = []
    for index in windows_of(start, time, SECOND):
        window = index * SECOND, (index + 1) * SECOND
        columns, nobody, overflow = part_of(kinds, users, counts, microseconds, fresh, start, starts, time, *window)
        found.append((list(zip(*(column.tolist() for column in columns), strict=True)), nobody, overflow))
    return found


@given(ROWS, TIMES, st.integers(0, 120 * SECOND), st.booleans())
def test_each_window_has_its_part_of_every_fresh_point(rows: list[Row], start: int, length: int, alike: bool) -> None:
    time = start + length
    expected = []
    for index in windows_of(start, time, SECOND):
        of_users, sums = [], {Kind.ANONYMOUS: (0, 0), Kind.OVERFLOW: (0, 0)}
        for number, (kind, count, micro, fresh, later) in enumerate(rows, 1):
            begun = start if alike else min(start + later, time)
            found = [part(value, begun, time, index) if fresh else 0 for value in (count, micro)]
            if kind is not Kind.USER:
                sums[kind] = sums[kind][0] + found[0], sums[kind][1] + found[1]
            elif any(found):
                of_users.append((number, *found))
        expected.append((of_users, *sums.values()))
    assert parts(rows, start, time, alike=alike) == expected


@given(VALUES, TIMES, st.integers(1, INTERVAL_LIMIT))
def test_the_parts_are_whole_not_negative_and_sum_exactly(value: int, start: int, length: int) -> None:
    time = start + length
    begins = [start, start + length // 3, start + length // 2, time]
    row = np.array([Kind.ANONYMOUS], np.uint8), np.zeros(1, np.uint64), np.array([value]), np.array([0])
    alike = np.empty(0, np.int64)
    found = [part_of(*row, np.ones(1, np.bool_), start, alike, time, *span)[1][0] for span in pairwise(begins)]
    assert sum(found) == value
    assert all(0 <= each <= value for each in found)


@given(st.integers(0, 2**32), TIMES, st.integers(1, 120 * SECOND))
def test_a_part_is_within_one_of_its_share_of_the_interval(value: int, start: int, length: int) -> None:
    time = start + length
    windows = windows_of(start, time, SECOND)
    for index, (_, (count, _), _) in zip(
        windows, parts([(Kind.ANONYMOUS, value, 0, True, 0)], start, time, alike=True), strict=True
    ):
        overlap = min(time, (index + 1) * SECOND) - max(start, index * SECOND)
        assert abs(count - value * overlap / length) <= 1 + value * 1e-12


def test_an_interval_that_ends_on_a_boundary_does_not_reach_into_the_next_window() -> None:
    assert list(windows_of(SECOND, 2 * SECOND, SECOND)) == [1]


def test_an_empty_interval_counts_in_the_window_it_ends() -> None:
    assert list(windows_of(2 * SECOND, 2 * SECOND, SECOND)) == [1]
