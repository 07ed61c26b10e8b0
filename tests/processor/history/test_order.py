"""The order of users is that of a stable sort, however they are spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.history.rows import stable_order
from reduse.processor.history.order import order

HASHES = np.random.default_rng(1).integers(0, 2**64, 5000, dtype=np.uint64)
SPREADS = {
    "hashes": HASHES,
    "each several times": np.repeat(HASHES[:50], 90),
    "windows one after another": np.tile(np.sort(HASHES[:300]), 20),
    "all close together but for one": np.append(HASHES % np.uint64(5000), np.uint64(2**64 - 1)),
    "one": np.zeros(9, np.uint64),
    "none": np.empty(0, np.uint64),
    "from end to end": np.array([2**64 - 1, 0, 5, 0, 2**63], np.uint64),
}


@pytest.mark.parametrize("spread", SPREADS)
def test_it_is_the_order_of_a_stable_sort(spread: str) -> None:
    users = SPREADS[spread]
    assert order(users).tolist() == stable_order(users).tolist()


@given(st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 9))))
def test_it_is_the_order_of_a_stable_sort_for_any_users(given_users: list[int]) -> None:
    users = np.array(given_users, np.uint64)
    assert order(users).tolist() == stable_order(users).tolist()
