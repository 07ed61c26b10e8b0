"""Distinct users are counted exactly, however they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.processors.last_seen import LastSeen, LastSeenOfEach

HORIZON = 8
USERS = 60

# Windows passed since the one before, whose users were seen, whose were forgotten before that.
GAPS = st.one_of(st.integers(1, 12), st.sampled_from([2**16 - 9, 2**16 - 1, 2**16, 2**16 + 1, 70_000]))
STEPS = st.lists(st.tuples(GAPS, st.sets(st.integers(0, USERS - 1)), st.sets(st.integers(0, USERS + 5))), max_size=30)


def restarted(seen: LastSeen) -> LastSeen:
    other = LastSeen(HORIZON)
    other.load(unpack(pack(seen.dump())))
    return other


@given(STEPS, st.booleans())
def test_counts_are_those_of_a_dictionary(steps: list[tuple[int, set[int], set[int]]], restart: bool) -> None:
    seen, last, index = LastSeen(HORIZON), dict[int, int](), 1000
    for gap, users, forgotten in steps:
        index += gap
        seen.forget(np.array(sorted(forgotten), np.int64))
        seen.see(np.array(sorted(users), np.int64), index, USERS)
        last = {user: at for user, at in last.items() if user not in forgotten} | dict.fromkeys(users, index)
        for windows in range(1, HORIZON + 1):
            assert seen.active(windows) == sum(each > index - windows for each in last.values())
        seen = restarted(seen) if restart else seen


@given(
    st.lists(st.tuples(GAPS, st.lists(st.sets(st.integers(0, USERS - 1)), min_size=3, max_size=3)), max_size=20),
    st.booleans(),
)
def test_several_that_see_in_one_loop_are_the_same_as_each_alone(
    steps: list[tuple[int, list[set[int]]]], restart: bool
) -> None:
    together, alone, index = LastSeenOfEach(HORIZON, 3), [LastSeen(HORIZON) for _ in range(3)], 1000
    for gap, users in steps:
        index += gap
        forgotten = np.array(sorted(users[0])[::2], np.int64)
        together.forget(forgotten)
        numbers = [np.array(sorted(each), np.int64) for each in users]
        # There are never more numbers than users have had so far.
        end = max(map(max, filter(None, users)), default=-1) + 1
        together.see(np.concatenate(numbers), np.cumsum([len(each) for each in numbers]), index, end)
        for each, seen in zip(alone, numbers, strict=True):
            each.forget(forgotten)
            each.see(seen, index, end)
        assert together.seen.tolist() == [each.active(HORIZON) for each in alone]
        if restart:
            before, together = together, LastSeenOfEach(HORIZON, 3)
            together.load(unpack(pack({"of": before.dump()}))["of"])


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, HORIZON - 1, HORIZON, 1000])
def test_a_user_is_not_seen_again_when_the_index_has_wrapped_around(step: int) -> None:
    seen, nobody = LastSeen(HORIZON), np.empty(0, np.int64)
    seen.see(np.array([3], np.int64), 1000, USERS)
    for index in range(1000 + step, 1000 + 3 * 2**16, step):
        seen.see(nobody, index, USERS)
        seen.see(np.array([5], np.int64), index, USERS)
        assert seen.active(HORIZON) == 1 + (index < 1000 + HORIZON)
        seen.forget(np.array([3] if index % 7 == 0 and index > 1000 + HORIZON else [], np.int64))
