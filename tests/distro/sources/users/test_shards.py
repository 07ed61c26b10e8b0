"""A delta that goes out in shards: each user in one, all of them together what it was, and unchanged on repeat."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.backlog import Backlog
from reduse.distro.sources.users.delta import UserDelta, split
from reduse.wire import PLAIN, RequestClass, shard_of
from tests.distro.sources.users.deltas import delta

pseudonyms = st.text("0123456789abcdef", min_size=16, max_size=16)
loads = st.dictionaries(pseudonyms, st.integers(1, 9), max_size=30)


classes = st.builds(RequestClass, st.sampled_from(["", "price", "jobs"]), st.booleans()).filter(lambda it: it != PLAIN)
grouped = st.dictionaries(classes, loads, max_size=5)
deltas = st.builds(delta, st.just(1), loads, st.integers(0, 9), st.integers(0, 9), grouped)


def loads_of(whole: UserDelta) -> Counter[tuple[RequestClass, str, float]]:
    return Counter(
        {
            (request_class, user, load.seconds[user]): count
            for request_class, load in whole.identified.items()
            for user, count in load.counts.items()
        }
    )


@given(deltas, st.integers(1, 16))
def test_shards_add_up_to_the_delta(whole: UserDelta, shards: int) -> None:
    parts = split(whole, shards)
    assert len(parts) == shards
    held: Counter[tuple[RequestClass, str, float]] = Counter()
    for number, part in enumerate(parts):
        assert (part.start, part.end) == (whole.start, whole.end)
        assert all(shard_of(user, shards) == number for user in part.counts)
        held += loads_of(part)
    assert held == loads_of(whole)
    assert sum(part.unidentified.requests for part in parts) == whole.unidentified.requests
    assert sum(part.overflow.requests for part in parts) == whole.overflow.requests
    assert sum(part.requests for part in parts) == whole.requests


@given(deltas, st.integers(1, 16))
def test_each_shard_ends_with_the_point_that_says_so(whole: UserDelta, shards: int) -> None:
    for part in split(whole, shards):
        points = list(part.points(0, 1000))
        assert (points[-1].user, points[-1].overflow) == (None, False)


@given(
    st.lists(st.tuples(loads, grouped), min_size=1, max_size=4),
    st.integers(1, 8),
    st.integers(1, 5),
    st.lists(st.booleans()),
)
def test_every_point_goes_out_once_in_its_shard_and_failures_repeat_it_unchanged(
    sent: list[tuple[dict[str, int], dict[RequestClass, dict[str, int]]]],
    shards: int,
    most_points: int,
    arrives: list[bool],
) -> None:
    backlog = Backlog(user_limit=1000, shards=shards)
    deltas = [delta(number, counts, number, 0, grouped) for number, (counts, grouped) in enumerate(sent)]
    for each in deltas:
        backlog.add(each)
    outcomes = iter(arrives)
    arrived: Counter[tuple[int, RequestClass, str]] = Counter()
    ended: Counter[int] = Counter()
    while (batch := backlog.next(most_points)) is not None:
        if not next(outcomes, True):
            again = backlog.next(most_points)
            assert again is not None
            assert (again.shard, list(again.points())) == (batch.shard, list(batch.points()))
            continue
        for point in batch.points():
            if point.user is None:
                ended[batch.delta.start] += 1
            else:
                assert shard_of(point.user, shards) == batch.shard
                arrived[batch.delta.start, point.request_class, point.user] += point.requests
        backlog.delivered(batch)
    assert arrived == Counter(
        {
            (n, request_class, user): count
            for n, each in enumerate(deltas)
            for request_class, user, _ in loads_of(each)
            for count in [each.identified[request_class].counts[user]]
        }
    )
    assert ended == Counter(dict.fromkeys(range(len(sent)), shards))
    assert len(backlog) == 0
