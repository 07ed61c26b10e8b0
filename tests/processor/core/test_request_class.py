"""Requests are told apart by policy and by being throttled, and their users' loads stay what they are."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.columns import Export
from reduse.processor.core.engine import Engine
from reduse.processor.core.ladder import Ladder, parse_policy_limits
from reduse.processor.core.options import Options
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Processor
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.record import Arrival, pack_exports, unpack_record
from reduse.processor.core.shard import Shard
from reduse.processor.core.window import ClosedWindow
from reduse.wire import MOST_POLICIES, RequestClass
from tests.processor.builders import EPOCH, export, part, totals, values

SECOND = 1_000_000_000
OPTIONS = Options(
    ladders=(Ladder((1.0,), 2.0),), policy_limits=parse_policy_limits("mes-api/price=2/s@3,60/minute;other/price=1", 2)
)


class Windows(Processor):
    """Keeps what it is given."""

    name = "windows"
    seen: list[ClosedWindow]

    def process(self, window: ClosedWindow) -> list[object]:  # type: ignore[override]
        self.seen.append(window)
        return []


def engine(seen: list[ClosedWindow] | None = None, bounds: Bounds | None = None) -> Engine:
    kind = type("Seen", (Windows,), {"seen": [] if seen is None else seen})
    return Engine([*BUILT_IN, kind], OPTIONS, bounds)


users = st.dictionaries(st.integers(1, 6), st.integers(1, 9), max_size=5)
parts = st.lists(st.tuples(users, st.sampled_from(["", "price", "jobs"]), st.booleans()), max_size=5)


def second(number: int, given_parts: list[tuple[dict[int, int], str, bool]]) -> list[Export]:
    """At most one part of a class, as a sender has it; then the plain one with the heartbeat."""
    by_class = {(policy, throttled): of_users for of_users, policy, throttled in given_parts if policy or throttled}
    plain = next((of_users for of_users, policy, throttled in given_parts if not policy and not throttled), {})
    classed = [
        part(number, number + 1, of_users, policy, throttled=throttled)
        for (policy, throttled), of_users in by_class.items()
        if of_users
    ]
    return [*classed, export(number, number + 1, plain, anonymous=1)]


@given(st.lists(parts, min_size=1, max_size=6), st.integers(0, 6), st.booleans())
def test_a_window_has_its_classes_and_all_requests(
    seconds: list[list[tuple[dict[int, int], str, bool]]], restart: int, twice: bool
) -> None:
    """Also after a restart, through the log, and when everything comes twice."""
    seen: list[ClosedWindow] = []
    shard = Shard(lambda: engine(seen))
    last = []
    for number, given_parts in enumerate(seconds):
        if number == restart:
            state = unpack(pack(shard.dump()))
            shard = Shard(lambda: engine(seen))
            shard.load(state)
        exports = second(number, given_parts)
        now = EPOCH + (number + 1) * SECOND
        read = unpack_record(pack_exports(exports, now))
        assert isinstance(read, Arrival)
        assert [each.request_class for each in read.exports] == [each.request_class for each in exports]
        for _ in range(1 + twice):
            shard.take(read.exports, now)
        last += shard.tick(now)
        window, expected = seen[-1], Counter[tuple[str, bool, int]]()
        for each in exports:
            for user, count in zip(each.users[each.users > 0], each.counts[each.users > 0], strict=True):
                expected[*each.request_class, int(user)] += int(count)
        found = Counter(
            {
                (each.policy, each.throttled, user): count
                for each in window.classes
                for user, count in zip(each.users.tolist(), each.counts.tolist(), strict=True)
            }
        )
        assert found == Counter({key: count for key, count in expected.items() if key[:2] != ("", False)})
        assert window.requests == sum(expected.values())
        for rows in window.classes:
            assert window.users[rows.rows].tolist() == rows.users.tolist() == sorted(rows.users.tolist())
    sent = Counter[str]()
    for number, given_parts in enumerate(seconds):
        sent["user"] += sum(int(each.counts[each.users > 0].sum()) for each in second(number, given_parts))
    assert totals(last)["user"] == sent["user"]


def test_a_policys_limits_see_its_requests_only() -> None:
    shard = Shard(engine)
    shard.take([part(0, 1, {1: 10, 2: 1}, "price"), export(0, 1, {1: 100})], EPOCH + SECOND)
    metrics = shard.tick(EPOCH + SECOND)[-1].metrics
    assert values(metrics, "reduse.rate_limit.rejected", policy="price", limit="2/second") == {"price": 10 - 3 - 2}
    assert values(metrics, "reduse.rate_limit.rejected", policy="price", limit="60/minute") == {"price": 0}
    assert values(metrics, "reduse.rate_limit.rejected", limit="1", burst="2") == {"1": 110 - 3}
    assert values(metrics, "reduse.rate_limit.users", policy="price", limit="2/second", window="1h") == {"price": 1}
    assert values(metrics, "reduse.policy.requests") == {"price": 11}
    assert values(metrics, "reduse.policy.users", window="1s") == {"price": 2}


def test_series_of_a_policy_end_with_a_silence_that_follows_a_restart() -> None:
    shard = Shard(engine)
    shard.take([part(0, 1, {1: 10}, "price"), export(0, 1, {})], EPOCH + SECOND)
    shard.tick(EPOCH + SECOND)
    again = Shard(engine)
    again.load(unpack(pack(shard.dump())))
    (silence,) = again.tick(EPOCH + 60 * SECOND)
    assert values(silence.metrics, "reduse.rate_limit.users", policy="price", window="1h") == {"price": None}


def test_throttled_requests_are_counted_by_policy_and_stay_requests() -> None:
    shard = Shard(engine)
    exports = [
        part(0, 1, {1: 4}, "price", throttled=True),
        part(0, 1, {1: 3}, "price"),
        part(0, 1, {2: 5}, throttled=True),
        export(0, 1, {2: 1}),
    ]
    shard.take(exports, EPOCH + SECOND)
    emissions = shard.tick(EPOCH + SECOND)
    metrics = emissions[-1].metrics
    assert values(metrics, "reduse.throttled.requests") == {"": 5, "price": 4}
    assert values(metrics, "reduse.policy.requests") == {"price": 7}
    assert values(metrics, "reduse.rate_limit.rejected", policy="price", limit="2/second") == {"price": 7 - 5}
    assert totals(emissions)["user"] == 13


def test_beyond_the_bound_on_policies_requests_count_under_none() -> None:
    shard = Shard(engine)
    exports = [part(0, 1, {1: 1}, f"p{number}") for number in range(MOST_POLICIES + 2)]
    outcome = shard.take([*exports, export(0, 1, {})], EPOCH + SECOND)
    assert outcome.beyond_policies == {"mes-api": 2}
    emissions = shard.tick(EPOCH + SECOND)
    assert len(values(emissions[-1].metrics, "reduse.policy.requests")) == MOST_POLICIES
    assert totals(emissions)["user"] == MOST_POLICIES + 2

    # Those of old make room when they have sent nothing for an hour.
    later = 3700
    outcome = shard.take([part(later, later + 1, {1: 1}, "new"), export(later, later + 1, {})], EPOCH + later * SECOND)
    assert not outcome.beyond_policies


def test_who_is_beyond_the_bound_on_users_is_in_no_class() -> None:
    seen: list[ClosedWindow] = []
    shard = Shard(lambda: engine(seen, Bounds(window_users=2)))
    many = {user: user for user in range(1, 8)}
    shard.take([part(0, 1, many, "price"), export(0, 1, {3: 50})], EPOCH + SECOND)
    shard.tick(EPOCH + SECOND)
    (only,) = seen[-1].classes
    assert (seen[-1].users.tolist(), seen[-1].counts.tolist()) == ([3, 7], [50, 7])
    assert (only.users.tolist(), only.counts.tolist(), only.rows.tolist()) == ([7], [7], [1])
    assert seen[-1].untracked.count == sum(many.values()) - 7


def test_the_classes_of_a_point_tell_it_from_others_of_the_same_user() -> None:
    shard = Shard(engine)
    first = shard.take([part(0, 1, {1: 2}, "price")], EPOCH + SECOND)
    other = shard.take([part(0, 1, {1: 2}, "jobs"), part(0, 1, {1: 2}, "price", throttled=True)], EPOCH + SECOND)
    again = shard.take([part(0, 1, {1: 2}, "price"), part(0, 1, {1: 2}, "jobs")], EPOCH + SECOND)
    assert (first.counted, other.counted, again.counted, again.repeated) == (1, 2, 0, 2)
    assert RequestClass("price", throttled=True) != RequestClass("price")
