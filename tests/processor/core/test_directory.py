"""A user keeps a number of their own until they are forgotten."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.directory import HORIZON, Directory
from reduse.processor.core.packing import pack, unpack

USERS = st.sets(st.integers(0, 60), max_size=30)
# Windows passed, and the users of the next one.
STEPS = st.lists(
    st.tuples(st.sampled_from([1, 2, HORIZON // 2, HORIZON - 1, HORIZON, 2 * HORIZON]), USERS), max_size=25
)


def restarted(directory: Directory, limit: int) -> Directory:
    other = Directory(limit)
    other.load(unpack(pack(directory.dump())))
    return other


def walk(steps: list[tuple[int, set[int]]], limit: int, *, restart: bool = False) -> list[tuple[list[int], list[int]]]:
    """Numbers and forgotten ones of each step; asserts what holds for any limit."""
    directory, index, found = Directory(limit), 1000, []
    owners: dict[int, int] = {}
    for gap, users in steps:
        index += gap
        numbers, forgotten, end = directory.number(np.array(sorted(users), np.uint64), index)
        for number in forgotten.tolist():
            del owners[number]
        for user, number in zip(sorted(users), numbers.tolist(), strict=True):
            assert owners.setdefault(number, user) == user, "a number that is another user's"
            assert number < end
        held = list(owners.values())
        assert len(held) == len(set(held)), "two numbers for one user"
        assert len(directory) <= max(limit, len(users))
        found.append((numbers.tolist(), forgotten.tolist()))
        if restart:
            directory = restarted(directory, limit)
    return found


@given(STEPS)
def test_a_number_is_one_users_and_a_user_has_one_number(steps: list[tuple[int, set[int]]]) -> None:
    walk(steps, 1000)


@given(STEPS, st.integers(1, 20))
def test_also_at_the_bound(steps: list[tuple[int, set[int]]], limit: int) -> None:
    walk(steps, limit)


@given(STEPS, st.sampled_from([5, 1000]))
def test_a_restart_changes_nothing(steps: list[tuple[int, set[int]]], limit: int) -> None:
    assert walk(steps, limit, restart=True) == walk(steps, limit)


def test_who_is_seen_within_the_horizon_is_not_forgotten() -> None:
    directory = Directory(1000)
    one = np.array([7], np.uint64)
    first = directory.number(one, 1000).users.tolist()
    others = np.arange(100, 200, dtype=np.uint64)
    directory.number(others, 1001)
    assert directory.number(one, 1000 + HORIZON - 1).users.tolist() == first
    directory.number(np.arange(200, 500, dtype=np.uint64), 1002 + HORIZON)
    # The others were forgotten when those came in, and their numbers are given away from the next window on.
    after = directory.number(np.arange(500, 550, dtype=np.uint64), 1003 + HORIZON)
    assert len(after.forgotten) == len(others)
    assert set(after.users.tolist()) <= set(after.forgotten.tolist())
    assert directory.given_up == 0


def test_beyond_the_bound_those_unseen_for_longest_go() -> None:
    directory = Directory(16)
    directory.number(np.arange(10, dtype=np.uint64), 1000)
    directory.number(np.arange(5, 10, dtype=np.uint64), 1001)
    numbers = directory.number(np.arange(100, 107, dtype=np.uint64), 1002).users
    assert directory.given_up == 3
    assert len(directory) == 14
    again = directory.number(np.arange(100, 107, dtype=np.uint64), 1003)
    assert again.users.tolist() == numbers.tolist()
    assert sorted(again.forgotten.tolist()) == [0, 1, 2]
