"""Sorting says what NumPy's sorting says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.sorting import largest, rows_in_order

HASHES = st.integers(0, 2**64 - 1)
ALIKE = st.integers(0, 12)


@given(st.lists(st.one_of(HASHES, ALIKE, ALIKE.map(lambda low: 2**64 - 1 - low)), max_size=200))
def test_rows_come_in_the_order_of_their_users(users: list[int]) -> None:
    column = np.array(users, np.uint64)
    rows = rows_in_order(column)
    assert sorted(rows.tolist()) == list(range(len(users)))
    assert column[rows].tolist() == sorted(users)


def test_users_that_are_no_hashes_are_sorted_too() -> None:
    """Somebody may have chosen them so that they share their first bits."""
    users = np.random.default_rng(1).permutation(100_000).astype(np.uint64)
    assert users[rows_in_order(users)].tolist() == list(range(100_000))


@given(st.lists(st.integers(-3, 20) | st.integers(-(2**63), 2**63 - 1), max_size=60), st.integers(0, 20))
def test_the_largest_are_the_end_of_all_in_order(values: list[int], k: int) -> None:
    assert largest(np.array(values, np.int64), k).tolist() == sorted(values, reverse=True)[:k]
