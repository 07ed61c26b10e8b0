"""The recommended limit is the lowest that the policy allows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.policy import Policy, Recommendation
from reduse.recommendation.tally import Series, Tally
from tests.recommendation.traffic import Traffic, distinct, rejected

LADDER = (0.5, 1, 2, 5, 10)

percents = st.none() | st.floats(0, 100)
policies = st.builds(Policy, percents, percents)


def observed(effects: list[tuple[float, int, int]], *, requests: int = 1000, active: int = 100) -> Observation:
    """From (limit, rejected, touched)."""
    ladder = [LimitEffect(limit, rejected, touched, 10) for limit, rejected, touched in effects]
    return Observation("mes-api", 0, 3600, 1, 3600, 2.0, requests, requests, active, 10, ladder)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """With a ladder whose limits reject and touch less the higher they are, as token buckets do."""
    size = draw(st.integers(1, 6))
    requests, active = draw(st.integers(1, 10_000)), draw(st.integers(1, 500))
    limits = sorted(draw(st.lists(st.integers(1, 1000), min_size=size, max_size=size, unique=True)))
    refused = sorted(draw(st.lists(st.integers(0, requests), min_size=size, max_size=size)), reverse=True)
    touched = sorted(draw(st.lists(st.integers(0, active), min_size=size, max_size=size)), reverse=True)
    return observed(list(zip(map(float, limits), refused, touched, strict=True)), requests=requests, active=active)


@st.composite
def traffics(draw: st.DrawFn) -> Traffic:
    length = draw(st.integers(1, 20))
    counts = st.lists(st.integers(0, 30), min_size=length, max_size=length)
    return Traffic(0, {f"u{n}": draw(counts) for n in range(draw(st.integers(1, 5)))}, draw(counts))


def tallied(traffic: Traffic, burst: float) -> Observation:
    """The observation that the counters of this traffic give."""
    known = [sum(column) for column in zip(*traffic.users.values(), strict=True)]
    refused = {limit: rejected(traffic, limit, burst) for limit in LADDER}
    grown = {
        Series("p", identity="user"): known,
        Series("p", identity="anonymous"): list(traffic.anonymous),
        **{Series("p", limit=limit): [sum(c) for c in zip(*of.values(), strict=True)] for limit, of in refused.items()},
    }
    tally = Tally({})
    tally.add({s: [(n + 1, float(sum(counts[: n + 1]))) for n in range(len(counts))] for s, counts in grown.items()})
    ladder = [
        LimitEffect(limit, tally.rejected[limit], max(distinct(refused[limit])), tally.left_peak[limit])
        for limit in LADDER
    ]
    active = max(1, *distinct(traffic.users))
    end = len(known)
    return Observation(
        "s", 0, end, 1, end, burst, tally.requests, tally.all_requests, active, tally.peak, ladder=ladder
    )


@given(traffics(), st.sampled_from((0.5, 1, 2, 5)))
def test_a_higher_limit_never_touches_or_rejects_more(traffic: Traffic, burst: float) -> None:
    seen = tallied(traffic, burst)
    for lower, higher in zip(seen.ladder, seen.ladder[1:], strict=False):
        assert higher.rejected <= lower.rejected
        assert higher.touched <= lower.touched
        assert seen.rejected_share(higher) <= seen.rejected_share(lower) <= 1
        assert seen.touched_share(higher) <= seen.touched_share(lower) <= 1
        assert seen.bucket(higher) >= seen.bucket(lower) >= 1
    assert all(effect.peak <= seen.peak for effect in seen.ladder)
    assert all((effect.rejected == 0) == (effect.touched == 0) for effect in seen.ladder)


@given(observations(), policies)
def test_the_lowest_limit_that_is_allowed_is_chosen(seen: Observation, policy: Policy) -> None:
    chosen = policy.choose(seen)
    allowed = [effect.limit for effect in seen.ladder if policy.allows(effect, seen)]
    assert (None if chosen is None else chosen.limit) == min(allowed, default=None)


@given(observations(), policies)
def test_every_limit_above_the_chosen_is_allowed_and_none_below(seen: Observation, policy: Policy) -> None:
    chosen = policy.choose(seen)
    for effect in seen.ladder:
        assert policy.allows(effect, seen) == (chosen is not None and effect.limit >= chosen.limit)


@given(observations(), policies, st.floats(0, 100), st.floats(0, 100))
def test_a_milder_policy_never_asks_for_a_higher_limit(
    seen: Observation, policy: Policy, touched: float, rejected: float
) -> None:
    milder = Policy(
        None if policy.touched is None else max(policy.touched, touched),
        None if policy.rejected is None else max(policy.rejected, rejected),
    )
    strict, mild = policy.choose(seen), milder.choose(seen)
    if strict is not None:
        assert mild is not None
        assert mild.limit <= strict.limit


@given(observations(), policies)
def test_both_conditions_together_are_as_strict_as_the_stricter(seen: Observation, policy: Policy) -> None:
    alone = Policy(policy.touched, None).choose(seen), Policy(None, policy.rejected).choose(seen)
    limits = [float("inf") if chosen is None else chosen.limit for chosen in alone]
    both = policy.choose(seen)
    assert (float("inf") if both is None else both.limit) == max(limits)


@given(observations(), policies)
def test_the_order_of_the_ladder_does_not_matter(seen: Observation, policy: Policy) -> None:
    assert policy.choose(replace(seen, ladder=list(reversed(seen.ladder)))) == policy.choose(seen)


def test_exactly_the_percentage_is_allowed() -> None:
    seen = observed([(1, 0, 2), (2, 0, 1)])
    chosen = Policy(touched=1).choose(seen)
    assert chosen is not None
    assert chosen.limit == 2
    assert Policy(touched=0.99).choose(seen) is None


def test_the_default_is_one_percent_of_the_users_and_only_when_nothing_is_asked() -> None:
    assert Policy.asked(None, None) == Policy(touched=1, rejected=None)
    assert Policy.asked(None, 5) == Policy(touched=None, rejected=5)
    assert Policy.asked(0, None) == Policy(touched=0, rejected=None)


def test_no_limit_that_will_do_is_none() -> None:
    made = Recommendation.made(observed([(1, 10, 50), (2, 5, 20)]), Policy())
    assert made.chosen is None


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (Policy(), "the lowest limit that touches at most 1 % of the active users"),
        (Policy(None, 0.1), "the lowest limit that rejects at most 0.1 % of the requests of identified users"),
        (
            Policy(2, 3),
            f"{Policy(2)} and rejects at most 3 % of the requests of identified users",
        ),
    ],
)
def test_a_policy_says_what_it_is(policy: Policy, text: str) -> None:
    assert str(policy) == text
