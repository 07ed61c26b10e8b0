"""A set of users knows exactly whom it has been given, packed or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.columns import UInt64
from reduse.processor.core.user_set import UserSet

# 0 is the sign of an empty slot, and must be a user like any other.
USERS = st.lists(st.one_of(st.integers(0, 12), st.integers(2**64 - 3, 2**64 - 1)), max_size=30)


def column(users: list[int]) -> UInt64:
    return np.array(users, np.uint64)


@pytest.mark.slow
@given(st.lists(st.tuples(USERS, st.sampled_from(["", "pack", "restart", "expect"])), max_size=8))
def test_it_knows_what_a_plain_set_knows(steps: list[tuple[list[int], str]]) -> None:
    ours, plain = UserSet(), set[int]()
    for users, then in steps:
        fresh = ours.add(column(users))
        for user, is_new in zip(users, fresh.tolist(), strict=True):
            assert is_new == (user not in plain)
            plain.add(user)
        if then == "pack":
            ours.pack()
            assert ours.words == len(plain)
        elif then == "restart":
            slots = ours.slots
            ours = UserSet.of(ours.members(), slots)
            assert ours.slots == slots
        elif then == "expect":
            ours.expect(50)
        assert len(ours) == len(plain)
        assert sorted(ours.members().tolist()) == sorted(plain)


def test_its_size_follows_its_members() -> None:
    users = np.random.default_rng(1).integers(0, 2**64, 100_000, np.uint64)
    ours = UserSet()
    for part in np.split(users, 50):
        ours.add(part)
        ours.add(part)
        assert 8 * ours.words <= 22 * len(ours) + 100
    ours.pack()
    assert ours.words == len(users)


def test_users_of_one_beginning_are_told_apart() -> None:
    """Somebody may choose hashes that are alike."""
    users = np.arange(2**63, 2**63 + 50_000, dtype=np.uint64)
    ours = UserSet()
    assert ours.add(users).all()
    assert not ours.add(users[::-1].copy()).any()
