"""Requests, active users, shares, distribution: each against what plain Python says."""

from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.metric import Distribution
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors.active_users import ACTIVE_WINDOWS, ActiveUsers
from reduse.processor.core.processors.rate_distribution import BOUNDS, RateDistribution
from reduse.processor.core.processors.requests import Requests
from reduse.processor.core.processors.user_share import UserShare
from tests.processor.builders import values, window

COUNTS = st.dictionaries(st.integers(0, 300), st.integers(1, 20_000), max_size=150)


def test_requests_are_counted_by_how_the_user_is_known() -> None:
    processor = Requests(Options())
    list(processor.process(window({1: 5}, anonymous=2, overflow=3, untracked=4)))
    later = Requests(Options())
    later.load(unpack(pack(processor.dump())))
    total = values(list(later.process(window({1: 5}, 1))), "reduse.user.requests")

    assert total == {"user": 5 + 4 + 5, "anonymous": 2, "overflow": 3}


@given(
    st.lists(st.tuples(st.integers(1, 40) | st.integers(200, 4000), st.sets(st.integers(0, 30))), max_size=20),
    st.integers(0, 20),
)
def test_active_are_the_distinct_users_of_each_of_the_last_windows(
    steps: list[tuple[int, set[int]]], restart: int
) -> None:
    processor, last, index = ActiveUsers(Options()), dict[int, int](), 0
    for number, (gap, users) in enumerate(steps):
        if number == restart:
            state = unpack(pack(processor.dump()))
            processor = ActiveUsers(Options())
            processor.load(state)
        index += gap
        last |= dict.fromkeys(users, index)
        active = values(list(processor.process(window(dict.fromkeys(users, 1), index))), "reduse.users.active")
        assert active == {
            label: sum(seen > index - windows for seen in last.values()) for label, windows in ACTIVE_WINDOWS.items()
        }


@given(COUNTS)
def test_shares_are_those_of_the_sorted_counts(counts: dict[int, int]) -> None:
    shares = values(list(UserShare(Options()).process(window(counts))), "reduse.user.share")
    ordered, total = sorted(counts.values(), reverse=True), sum(counts.values())

    assert shares == {str(n): sum(ordered[:n]) / total if total else None for n in (1, 10, 100)}


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_the_distribution_has_one_observation_for_each_active_user(counts: list[dict[int, int]]) -> None:
    processor = RateDistribution(Options())
    for index, users in enumerate(counts):
        (metric,) = processor.process(window(users, index))
    value = metric.points[0].value
    assert isinstance(value, Distribution)
    rates = [count for users in counts for count in users.values()]

    assert value.sum == sum(rates)
    for number, bound in enumerate(BOUNDS):
        assert sum(value.buckets[: number + 1]) == sum(rate <= bound for rate in rates)
    assert sum(value.buckets) == len(rates)
