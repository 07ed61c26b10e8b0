"""Each request of a window is in one row: under its policy, or under none."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.engine import Engine
from reduse.processor.core.window import ClosedWindow
from reduse.processor.history.rows import rows
from tests.processor.builders import EPOCH, export, part, window

USERS = st.dictionaries(st.integers(0, 9), st.integers(0, 20), max_size=6)
SECOND = 1_000_000_000


def closed(parts: list[tuple[str, bool, dict[int, int]]], window_users: int) -> ClosedWindow:
    core = Engine([], bounds=Bounds(window_users=window_users))
    core.apply([part(0, 1, users, policy, throttled=throttled) for policy, throttled, users in parts], EPOCH)
    core.apply([export(0, 1, {}, anonymous=3, overflow=1)], EPOCH)
    (emission,) = [emission for command in core.due(EPOCH) for emission in core.execute(command)]
    assert emission.window is not None
    return emission.window


@given(
    st.dictionaries(st.tuples(st.sampled_from(["", "price", "jobs"]), st.booleans()), USERS),
    st.sampled_from([3, 100]),
)
def test_requests_are_in_the_row_of_their_user_and_policy(
    classes: dict[tuple[str, bool], dict[int, int]], window_users: int
) -> None:
    parts = [(policy, throttled, users) for (policy, throttled), users in classes.items()]
    found = closed(parts, window_users)
    made = rows(found, 7)
    total = sum(sum(users.values()) for _, _, users in parts)
    assert made.totals[:2] == ((3, 30_000), (1, 10_000))
    assert made.totals[2][0] + int(made.counts.sum()) == total
    assert made.totals[2][1] + int(made.microseconds.sum()) == total * 10_000
    if window_users < 10:
        # What goes beyond the bound depends on the order in which it came.
        return
    sent: Counter[tuple[int, str]] = Counter()
    refused: Counter[tuple[int, str]] = Counter()
    for policy, throttled, users in parts:
        for user, count in users.items():
            if count:
                sent[user, policy] += count
                refused[user, policy] += count if throttled else 0
    keys = [(user, made.policies[policy]) for user, policy in zip(made.users.tolist(), made.policy, strict=True)]
    assert keys == sorted(sent)
    assert made.counts.tolist() == [sent[key] for key in keys]
    assert made.throttled.tolist() == [refused[key] for key in keys]
    assert made.microseconds.tolist() == [sent[key] * 10_000 for key in keys]


def test_a_window_without_policies_is_kept_as_it_is() -> None:
    found = window({1: 5, 9: 2}, index=3, anonymous=4, untracked=2)
    made = rows(found, 8)
    assert made.users is found.users
    assert made.counts is found.counts
    assert (made.second, made.number, made.totals) == (EPOCH // SECOND + 3, 8, ((4, 40_000), (0, 0), (2, 20_000)))


def test_users_who_sent_nothing_have_no_row() -> None:
    made = rows(window({1: 0, 9: 2}), 8)
    assert (made.users.tolist(), made.counts.tolist()) == ([9], [2])
