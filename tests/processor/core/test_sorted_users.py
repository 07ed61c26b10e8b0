"""Users are found where they are, however they are spread."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.columns import UInt64
from reduse.processor.core.sorted_users import SortedUsers

ANY_USER = st.integers(0, 2**64 - 1)
# Crowded at both ends and in the middle, so that one index entry has many.
CROWDED = st.one_of(ANY_USER, st.integers(0, 40), st.integers(2**64 - 40, 2**64 - 1), st.integers(2**63, 2**63 + 40))


def column(users: list[int]) -> UInt64:
    return np.array(users, np.uint64)


@given(st.sets(CROWDED), st.lists(CROWDED))
def test_each_wanted_user_is_found_if_it_is_there(users: set[int], others: list[int]) -> None:
    ordered = sorted(users)
    wanted = [*others, *ordered]
    rows, known = SortedUsers(column(ordered)).find(column(wanted))
    assert known.tolist() == [user in users for user in wanted]
    assert [ordered[row] for row, is_known in zip(rows.tolist(), known, strict=True) if is_known] == [
        user for user in wanted if user in users
    ]


def test_many_hashes_are_found() -> None:
    random = np.random.default_rng(1)
    users = np.unique(random.integers(0, 2**64, 100_000, np.uint64))
    rows, known = SortedUsers(users[::2]).find(users)
    assert (rows[::2] == np.arange(len(users[::2]))).all()
    assert known[::2].all()
    assert not known[1::2].any()
