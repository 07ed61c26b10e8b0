"""Users are found where they are, however they are spread."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.columns import UInt64
from reduse.processor.core.numbered_users import NumberedUsers

ANY_USER = st.integers(0, 2**64 - 1)
# Crowded at both ends and in the middle, so that one index entry has many.
CROWDED = st.one_of(ANY_USER, st.integers(0, 40), st.integers(2**64 - 40, 2**64 - 1), st.integers(2**63, 2**63 + 40))


def column(users: list[int]) -> UInt64:
    return np.array(users, np.uint64)


@given(st.sets(CROWDED), st.lists(CROWDED))
def test_each_wanted_user_gets_its_number_if_it_is_there(users: set[int], others: list[int]) -> None:
    ordered = sorted(users)
    number_of = {user: 3 * place + 1 for place, user in enumerate(ordered)}
    wanted = [*others, *ordered]
    numbers = np.full(len(wanted), -1, np.int64)
    unknown = NumberedUsers(column(ordered), np.array(list(number_of.values()), np.uint32)).number(
        column(wanted), numbers
    )
    assert numbers.tolist() == [number_of.get(user, -1) for user in wanted]
    assert unknown == sum(user not in users for user in wanted)


def test_a_number_that_is_there_already_stays() -> None:
    numbers = np.array([9, -1, -1], np.int64)
    here = NumberedUsers(column([5, 6]), np.array([1, 2], np.uint32))
    assert here.number(column([5, 6, 7]), numbers) == 1
    assert numbers.tolist() == [9, 2, -1]


def test_many_hashes_are_found() -> None:
    random = np.random.default_rng(1)
    users = np.unique(random.integers(0, 2**64, 100_000, np.uint64))
    numbers = np.full(len(users), -1, np.int64)
    half = users[::2]
    assert NumberedUsers(half, np.arange(len(half), dtype=np.uint32)).number(users, numbers) == len(users) - len(half)
    assert (numbers[::2] == np.arange(len(half))).all()
    assert (numbers[1::2] == -1).all()
