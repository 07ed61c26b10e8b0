"""A delta that goes out in shards: each user in one, all of them together what it was, and unchanged on repeat."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.backlog import Backlog
from reduse.distro.sources.users.delta import UserDelta, split
from reduse.wire import shard_of
from tests.distro.sources.users.deltas import delta

pseudonyms = st.text("0123456789abcdef", min_size=16, max_size=16)
loads = st.dictionaries(pseudonyms, st.integers(1, 9), max_size=30)


deltas = st.builds(delta, st.just(1), loads, st.integers(0, 9), st.integers(0, 9))


@given(deltas, st.integers(1, 16))
def test_shards_add_up_to_the_delta(whole: UserDelta, shards: int) -> None:
    parts = split(whole, shards)
    assert len(parts) == shards
    counts: Counter[str] = Counter()
    for number, part in enumerate(parts):
        assert (part.start, part.end) == (whole.start, whole.end)
        assert all(shard_of(user, shards) == number for user in part.counts)
        assert part.seconds == {user: whole.seconds[user] for user in part.counts}
        counts += Counter(part.counts)
    assert counts == Counter(whole.counts)
    assert sum(part.unidentified.requests for part in parts) == whole.unidentified.requests
    assert sum(part.overflow.requests for part in parts) == whole.overflow.requests
    assert sum(part.requests for part in parts) == whole.requests


@given(deltas, st.integers(1, 16))
def test_each_shard_ends_with_the_point_that_says_so(whole: UserDelta, shards: int) -> None:
    for part in split(whole, shards):
        points = list(part.points(0, 100))
        assert (points[-1].user, points[-1].overflow) == (None, False)


@given(st.lists(loads, min_size=1, max_size=4), st.integers(1, 8), st.integers(1, 5), st.lists(st.booleans()))
def test_every_point_goes_out_once_in_its_shard_and_failures_repeat_it_unchanged(
    sent: list[dict[str, int]], shards: int, most_points: int, arrives: list[bool]
) -> None:
    backlog = Backlog(user_limit=1000, shards=shards)
    for number, counts in enumerate(sent):
        backlog.add(delta(number, counts, number, 0))
    outcomes = iter(arrives)
    arrived: Counter[tuple[int, str]] = Counter()
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
                arrived[batch.delta.start, point.user] += point.requests
        backlog.delivered(batch)
    assert arrived == Counter({(n, user): count for n, counts in enumerate(sent) for user, count in counts.items()})
    assert ended == Counter(dict.fromkeys(range(len(sent)), shards))
    assert len(backlog) == 0
