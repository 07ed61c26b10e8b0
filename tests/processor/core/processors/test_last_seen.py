"""Distinct users are counted exactly, however they come, and in bounded room."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.processors.last_seen import LastSeen

HORIZON = 8

STEPS = st.lists(st.tuples(st.integers(1, 12), st.sets(st.integers(0, 60))), max_size=30)


def restarted(seen: LastSeen, limit: int) -> LastSeen:
    other = LastSeen(HORIZON, limit)
    other.load(unpack(pack(seen.dump())))
    return other


def walk(
    steps: list[tuple[int, set[int]]], limit: int, look: Callable[[LastSeen, dict[int, int], int], LastSeen]
) -> None:
    """See the users step by step; `look` is given all that is known of them, and goes on with what it gives back."""
    seen, last, index = LastSeen(HORIZON, limit), dict[int, int](), 1000
    for gap, users in steps:
        index += gap
        seen.see(np.array(sorted(users), np.uint64), index)
        last |= dict.fromkeys(users, index)
        seen = look(seen, last, index)


@given(STEPS, st.booleans())
def test_counts_are_those_of_a_dictionary(steps: list[tuple[int, set[int]]], restart: bool) -> None:
    def look(seen: LastSeen, last: dict[int, int], index: int) -> LastSeen:
        for windows in range(1, HORIZON + 1):
            assert seen.active(windows) == sum(each > index - windows for each in last.values())
        return restarted(seen, 1000) if restart else seen

    walk(steps, 1000, look)


@given(STEPS)
def test_beyond_the_limit_counts_are_lower_bounds_and_room_is_bounded(steps: list[tuple[int, set[int]]]) -> None:
    def look(seen: LastSeen, last: dict[int, int], index: int) -> LastSeen:
        assert len(seen) <= 20
        distinct = sum(each > index - HORIZON for each in last.values())
        assert distinct - seen.given_up <= seen.active(HORIZON) <= distinct
        return seen

    walk(steps, 20, look)


@given(STEPS)
def test_a_restart_changes_nothing_not_even_who_is_given_up(steps: list[tuple[int, set[int]]]) -> None:
    found: list[list[int]] = [[], []]
    for restart in (False, True):

        def look(seen: LastSeen, _last: dict[int, int], _index: int, restart: bool = restart) -> LastSeen:
            found[restart] += [seen.active(windows) for windows in range(1, HORIZON + 1)]
            return restarted(seen, 20) if restart else seen

        walk(steps, 20, look)
    assert found[0] == found[1]
