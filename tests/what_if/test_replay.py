"""What a replay counts is what a limiter written down plainly rejects, however the history is cut into batches."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.limit import Limit, Period
from reduse.processor.core.processors.token_bucket import TokenBuckets as Ladder
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.replay import replay
from tests.what_if.models import rejected
from tests.what_if.recorded import Second, batch, batches

START = 1_800_000_000 - 1_800_000_000 % 3600 + 3590

USERS = st.integers(1, 6).map(lambda user: user * 2**60 + user)
SECONDS = st.lists(
    st.tuples(st.integers(1, 9), st.dictionaries(USERS, st.integers(1, 40), max_size=5)), min_size=1, max_size=40
)
LIMITS = st.builds(
    Limit, st.sampled_from([0.1, 0.3, 1, 1.7, 2, 2.5, 5, 7.3, 60, 100]), st.sampled_from([Period.SECOND, Period.MINUTE])
)
LIMITERS = st.builds(
    Limiter, LIMITS, st.sampled_from([1, 1.3, 2, 10, 60.5]), st.sampled_from(list(Kind)), st.integers(1, 3)
)


def course(steps: list[tuple[int, dict[int, int]]], policy: str = "") -> list[Second]:
    """Seconds that follow each other by so many; those in between were not closed."""
    second, made = START - 1, []
    for step, sent in steps:
        second += 1 if step < 6 else step
        made.append(Second(second, {(user, policy): count for user, count in sent.items()}, others=3))
    return made


def cuts(seconds: list[Second], places: list[int]) -> list[int]:
    end = seconds[-1].second + 1
    return sorted({START, end, *(START + place % (end - START) for place in places)})


@pytest.mark.slow
@given(SECONDS, st.lists(LIMITERS, min_size=1, max_size=3), st.lists(st.integers(0, 300), max_size=4))
def test_it_rejects_what_a_plain_limiter_does(
    steps: list[tuple[int, dict[int, int]]], limiters: list[Limiter], places: list[int]
) -> None:
    seconds = course(steps)
    end = seconds[-1].second + 1
    answer = replay(
        batches(seconds, cuts(seconds, places)), limiters, service="s", first=START, start=START, end=end, users=99
    )
    closed = {each.second for each in seconds}
    users = sorted({user for each in seconds for user, _ in each.sent})
    assert answer.users.tolist() == users
    for limiter, effect in zip(limiters, answer.effects, strict=True):
        gone, by_user, by_hour = Counter[int](), Counter[str](), Counter[int]()
        for user in users:
            sent = [(each.second, each.sent[user, ""]) for each in seconds if (user, "") in each.sent]
            for (second, _), number in zip(sent, rejected(limiter, sent, closed), strict=True):
                gone[second] += number
                by_hour[second // 3600] += number
                by_user[f"{user:016x}"] += number
        assert effect.rejected == gone.total()
        assert {each.user: each.rejected for each in effect.users} == +by_user
        assert effect.touched == len(effect.users)
        left = {each.second: sum(each.sent.values()) + each.others - gone[each.second] for each in seconds}
        assert effect.peak_left == max(left.values())
        assert left[effect.peak_at] == effect.peak_left
        assert {hour.start // 3600: hour.rejected for hour in effect.hours if hour.rejected} == +by_hour
        assert sum(hour.requests for hour in effect.hours) == answer.requests
        assert np.isclose(effect.seconds_saved, effect.rejected / 1000)


@pytest.mark.slow
@given(SECONDS, st.lists(st.integers(0, 300), max_size=4), st.data())
def test_it_rejects_what_the_ladder_does_also_over_restarts(
    steps: list[tuple[int, dict[int, int]]], places: list[int], data: st.DataObject
) -> None:
    """The processor's own token buckets, fed with the same windows, saved and loaded in between."""
    # Limits by the second, and what their buckets hold.
    rungs = [(0.1, 1.0), (0.3, 0.3 * 7), (1.0, 2.0), (1.7, 3.4), (2.5, 2.5 * 3.3), (7.0, 14.0), (7.3, 1.0)]
    seconds = course(steps)
    users = sorted({user for each in seconds for user, _ in each.sent})
    ladder, before = Ladder(rungs), 0
    rejected, touched = np.zeros(len(rungs), np.int64), [set[int]() for _ in rungs]
    for each in seconds:
        if data.draw(st.booleans()):
            saved = ladder.dump()
            ladder = Ladder(rungs)
            ladder.load(saved)
        present = sorted(user for user, _ in each.sent)
        spent = ladder.spend(
            np.array([users.index(user) for user in present], np.int64),
            len(users),
            np.array([each.sent[user, ""] for user in present], np.int64),
            float(max(0, each.second - before - 1)),
            1.0,
        )
        before = each.second
        rejected += spent.rejected
        for of_rung, now in zip(touched, spent.touched, strict=True):
            of_rung |= set(now.tolist())
    answer = replay(
        batches(seconds, cuts(seconds, places)),
        [Limiter(Limit(limit, Period.SECOND), capacity) for limit, capacity in rungs],
        service="s",
        first=START,
        start=START,
        end=seconds[-1].second + 1,
    )
    assert [effect.rejected for effect in answer.effects] == rejected.tolist()
    assert [effect.touched for effect in answer.effects] == [len(of_rung) for of_rung in touched]


def test_what_comes_before_the_start_drains_buckets_and_is_not_counted() -> None:
    seconds = [Second(START + n, {(7, ""): 5}) for n in range(10)]
    answer = replay(
        batches(seconds, [START, START + 4, START + 10]),
        [Limiter(Limit(1, Period.SECOND), 2)],
        service="s",
        first=START,
        start=START + 6,
        end=START + 10,
    )
    assert (answer.requests, answer.active, answer.effects[0].rejected) == (20, 1, 16)


def test_only_requests_under_the_policy_are_rejected_and_the_peak_is_of_all() -> None:
    seconds = [Second(START, {(7, ""): 5, (7, "price"): 6, (8, "jobs"): 9}, others=2)]
    answer = replay(
        batches(seconds, [START, START + 1]),
        [Limiter(Limit(1, Period.SECOND), 1)],
        service="s",
        first=START,
        start=START,
        end=START + 1,
        policy="price",
    )
    assert (answer.requests, answer.all_requests, answer.active, answer.peak) == (6, 22, 1, 22)
    assert (answer.effects[0].rejected, answer.effects[0].peak_left) == (4, 18)


def test_a_policy_that_costs_more_spends_more() -> None:
    seconds = [Second(START, {(7, ""): 5, (8, "price"): 5, (9, ""): 3, (9, "price"): 3})]
    answer = replay(
        batches(seconds, [START, START + 1]),
        [Limiter(Limit(5, Period.SECOND), 5), Limiter(Limit(10, Period.SECOND), 10, Kind.MOVING_WINDOW)],
        service="s",
        first=START,
        start=START,
        end=START + 1,
        costs={"price": 4},
    )
    buckets, windows = answer.effects
    # 10 tokens each: two requests for 4, and four of six of which every other one costs 4.
    assert {each.user[-1]: each.rejected for each in buckets.users} == {"8": 3, "9": 2}
    assert {each.user[-1]: each.rejected for each in windows.users} == {"8": 3, "9": 2}


def test_nothing_recorded_is_nothing_rejected() -> None:
    answer = replay(
        [batch([], START, START + 5)],
        [Limiter(Limit(5, Period.SECOND), 5)],
        service="s",
        first=START,
        start=START,
        end=START + 5,
    )
    assert (answer.requests, answer.peak, answer.effects[0].rejected, answer.effects[0].touched) == (0, 0, 0, 0)
