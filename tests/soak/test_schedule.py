"""A seed gives one schedule, which leaves nothing out."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.soak.schedule import LONGEST_PAUSE, SHORTEST_PAUSE, Kind, schedule

KINDS = st.lists(
    st.builds(
        lambda name, targets, shortest, more, weight: Kind(name, tuple(targets), shortest, shortest + more, weight),
        st.sampled_from("abcdefgh"),
        st.lists(st.sampled_from("stuvwxyz"), min_size=1, unique=True),
        st.floats(1, 60),
        st.floats(0, 60),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda kind: kind.name,
)
SEEDS = st.integers(0, 2**64)
SECONDS = st.floats(0, 7200)


@given(KINDS, SEEDS, SECONDS)
def test_the_same_seed_gives_the_same_schedule(kinds: list[Kind], seed: int, seconds: float) -> None:
    assert schedule(kinds, seed, seconds) == schedule(kinds, seed, seconds)


@given(KINDS, SEEDS, SECONDS, SECONDS)
def test_a_longer_soak_begins_as_a_shorter_one(kinds: list[Kind], seed: int, one: float, other: float) -> None:
    shorter = schedule(kinds, seed, min(one, other))
    assert schedule(kinds, seed, max(one, other))[: len(shorter)] == shorter


@given(KINDS, SEEDS, SECONDS)
def test_faults_come_one_after_another_and_end_in_time(kinds: list[Kind], seed: int, seconds: float) -> None:
    planned = schedule(kinds, seed, seconds)
    by_name = {kind.name: kind for kind in kinds}
    assert [each.number for each in planned] == list(range(1, len(planned) + 1))
    for each in planned:
        kind = by_name[each.kind]
        assert each.target in kind.targets
        # Times are told in tenths of a second.
        assert kind.shortest - 0.1 <= each.lasts <= kind.longest + 0.1
        assert each.at + each.lasts <= seconds
    for before, after in pairwise(planned):
        assert SHORTEST_PAUSE - 0.1 <= after.at - before.at - before.lasts <= LONGEST_PAUSE + 0.1


@pytest.mark.slow
@given(KINDS, SEEDS)
def test_no_kind_and_no_target_is_left_out_for_long(kinds: list[Kind], seed: int) -> None:
    planned = schedule(kinds, seed, 36_000)
    deck = sum(kind.weight for kind in kinds)
    for begin in range(0, len(planned) - deck + 1, deck):
        dealt = Counter(each.kind for each in planned[begin : begin + deck])
        assert dealt == Counter({kind.name: kind.weight for kind in kinds})
    for kind in kinds:
        of_kind = [each.target for each in planned if each.kind == kind.name]
        for begin in range(0, len(of_kind) - len(kind.targets) + 1, len(kind.targets)):
            assert set(of_kind[begin : begin + len(kind.targets)]) == set(kind.targets)
