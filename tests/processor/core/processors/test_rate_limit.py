import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.ladder import Ladder
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors.rate_limit import RateLimit
from reduse.processor.core.processors.token_bucket import TokenBuckets
from tests.processor.builders import values, window

LIMITS = (1.0, 2.5, 10.0)
BURST = 2.0
WINDOWS = st.lists(
    st.tuples(st.integers(1, 4), st.dictionaries(st.integers(0, 3), st.integers(1, 40), max_size=4)), max_size=15
)


def refused_by_one_bucket(counts: list[int], limit: float) -> list[int]:
    """The bucket of one user at one limit, second by second, as one would write it down."""
    tokens = capacity = max(1.0, limit * BURST)
    refused = []
    for count in counts:
        tokens += limit
        taken = min(count, math.floor(tokens))
        tokens = min(capacity, tokens - taken)
        refused.append(count - taken)
    return refused


@given(WINDOWS, st.integers(0, 15))
def test_it_refuses_what_a_plain_bucket_for_each_user_refuses(
    steps: list[tuple[int, dict[int, int]]], restart: int
) -> None:
    options = Options(ladders=(Ladder(LIMITS, BURST),))
    processor, seconds, index = RateLimit(options), dict[int, dict[int, int]](), 0
    rejected: dict[str, object] = {"1": 0, "2.5": 0, "10": 0}
    touched, in_an_hour = dict(rejected), dict(rejected)
    for number, (gap, users) in enumerate(steps):
        if number == restart:
            state = unpack(pack(processor.dump()))
            processor = RateLimit(options)
            processor.load(state)
        index += gap
        seconds[index] = users
        metrics = list(processor.process(window(users, index)))
        in_an_hour = values(metrics, "reduse.rate_limit.users", window="1h")
        rejected, touched = (
            values(metrics, "reduse.rate_limit.rejected"),
            values(metrics, "reduse.rate_limit.users", window="1s"),
        )

    everyone = {user for users in seconds.values() for user in users}
    for limit in LIMITS:
        each = [
            refused_by_one_bucket([seconds.get(s, {}).get(user, 0) for s in range(1, index + 1)], limit)
            for user in everyone
        ]
        assert rejected[f"{limit:g}"] == sum(map(sum, each))
        assert touched[f"{limit:g}"] == sum(bucket[-1] > 0 for bucket in each)
        assert in_an_hour[f"{limit:g}"] == sum(any(bucket) for bucket in each)


def test_a_user_who_rested_for_the_burst_needs_no_state() -> None:
    processor = RateLimit(Options(ladders=(Ladder((10.0,), 2.0),)))
    list(processor.process(window({1: 1000})))
    assert [len(buckets["numbers"]) for buckets in processor.dump()["buckets"]] == [1]
    for index in (1, 2):
        list(processor.process(window({}, index)))

    assert [len(buckets["numbers"]) for buckets in processor.dump()["buckets"]] == [0]


def test_a_changed_ladder_keeps_the_counts_of_the_limits_that_stayed() -> None:
    before = RateLimit(Options(ladders=(Ladder((1.0, 2.0), 2.0),)))
    list(before.process(window({1: 100})))
    after = RateLimit(Options(ladders=(Ladder((2.0, 5.0), 2.0), Ladder((1.0,), 30.0))))
    after.load(unpack(pack(before.dump())))
    metrics = list(after.process(window({}, 1)))

    assert values(metrics, "reduse.rate_limit.rejected") == {"1": 0, "2": 100 - 6, "5": 0}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.dictionaries(st.integers(0, 5), st.integers(0, 40), max_size=6),
            st.sets(st.integers(0, 5)),
        ),
        max_size=12,
    )
)
def test_buckets_of_all_limits_are_those_of_plain_dictionaries_also_when_numbers_become_anothers(
    steps: list[tuple[int, dict[int, int], set[int]]],
) -> None:
    rungs = [(1.0, 1.0), (1.0, 3.0), (2.5, 5.0), (10.0, 20.0)]
    buckets = TokenBuckets(rungs)
    tokens: list[dict[int, float]] = [{} for _ in rungs]
    for missed, counts, forgotten in steps:
        buckets.forget(np.array(sorted(forgotten), np.int64))
        users = np.array(sorted(counts), np.int64)
        spent = buckets.spend(users, 6, np.array([counts[user] for user in sorted(counts)], np.int64), missed, 1.0)
        for place, (limit, capacity) in enumerate(rungs):
            rejected, touched = 0, set()
            kept = {user: left for user, left in tokens[place].items() if user not in forgotten}
            tokens[place] = {}
            for user in range(6):
                available = min(capacity, kept.get(user, capacity) + limit * missed) + limit
                taken = min(counts.get(user, 0), math.floor(available))
                if taken < counts.get(user, 0):
                    rejected += counts[user] - taken
                    touched.add(user)
                tokens[place][user] = min(capacity, available - taken)
            assert spent.rejected[place] == rejected
            assert sorted(spent.touched[place].tolist()) == sorted(touched)
            dumped = buckets.dump()[place]
            not_full = {user: left for user, left in tokens[place].items() if left < capacity}
            assert dict(zip(dumped["numbers"].tolist(), dumped["tokens"].tolist(), strict=True)) == not_full
        other = TokenBuckets(rungs)
        other.load(unpack(pack(buckets.dump())))
        buckets = other
