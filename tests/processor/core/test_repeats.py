from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.columns import Stream
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.repeats import EXPORT_WORDS, Repeats
from reduse.processor.core.units import NANOSECONDS
from tests.processor.builders import export

HORIZON = 300 * NANOSECONDS


def repeats(words: int = 1_000_000) -> Repeats:
    return Repeats(HORIZON, words)


def test_a_point_is_new_once() -> None:
    seen = repeats()

    assert seen.take(export(0, 1, {1: 5, 2: 5}))[0].all()
    assert not seen.take(export(0, 1, {2: 5, 1: 5}))[0].any()
    assert seen.take(export(0, 1, {3: 5}))[0].tolist() == [True, False, False]


def test_streams_and_intervals_are_told_apart() -> None:
    seen = repeats()
    seen.take(export(0, 1, {1: 5}))

    for other in (export(0, 1, {1: 5}, instance="two"), export(0.5, 1, {1: 5}), export(1, 2, {1: 5})):
        assert seen.take(other)[0].all()


@given(st.lists(st.tuples(st.integers(0, 4), st.sets(st.integers(0, 9), max_size=4)), max_size=20), st.integers(0, 20))
def test_it_knows_exactly_what_a_plain_set_knows(taken: list[tuple[int, set[int]]], restart: int) -> None:
    seen, known = repeats(), set[tuple[int, int]]()
    for number, (interval, users) in enumerate(taken):
        if number == restart:
            state = unpack(pack(seen.dump()))
            seen = repeats()
            seen.load(state)
        fresh, _ = seen.take(export(interval, interval + 1, dict.fromkeys(users, 1)))
        assert fresh.tolist()[: len(users)] == [(interval, user) not in known for user in users]
        known |= {(interval, user) for user in users}


def test_what_is_behind_the_horizon_is_refused_and_never_doubled() -> None:
    seen = repeats()
    seen.take(export(0, 1, {1: 5}))
    seen.take(export(400, 401, {1: 5}))

    for old in (export(0, 1, {1: 5}), export(0, 1, {2: 5}), export(0.2, 0.9, {1: 5})):
        fresh, too_old = seen.take(old)
        assert too_old
        assert not fresh.any()


def test_one_stream_behind_another_is_not_too_old() -> None:
    seen = repeats()
    seen.take(export(9000, 9001, {1: 5}, instance="ahead"))

    assert not seen.take(export(0, 1, {1: 5}, instance="behind"))[1]


def test_memory_is_bounded_by_forgetting_the_oldest() -> None:
    limit = 20 * EXPORT_WORDS
    seen = repeats(limit)
    for second in range(1000):
        seen.take(export(second / 10, (second + 1) / 10, dict.fromkeys(range(50), 1)))
        assert seen.words <= limit
    assert seen.take(export(0, 0.1, {1: 1}))[1]


def test_points_of_one_time_are_told_apart_by_their_starts_however_they_come() -> None:
    together = export(0, 1, {1: 5, 2: 5, 3: 5}, starts=[0, 0.25, 0.5, 0, 0.25])
    alone = [export(0.25, 1, {2: 5}), export(0.5, 1, {3: 5}), export(0, 1, {1: 5})]
    for parts in ([together, *alone], [*alone, together]):
        seen = repeats()
        fresh = [seen.take(part)[0] for part in parts]
        users = [part.users[new].tolist() for part, new in zip(parts, fresh, strict=True)]
        assert sorted(user for each in users for user in each if user) == [1, 2, 3]


def test_whoever_takes_most_memory_pays_for_it() -> None:
    seen = repeats(40 * EXPORT_WORDS)
    seen.take(export(0, 1, {1: 5}, instance="small"))
    for second in range(100):
        seen.take(export(second, second + 1, dict.fromkeys(range(200), 1), instance="large"))

    assert not seen.take(export(0, 1, {1: 5}, instance="small"))[0].any()
    assert not seen.take(export(0, 1, {1: 5}, instance="small"))[1]
    assert seen.take(export(0, 1, {1: 5}, instance="large"))[1]


def test_one_export_without_end_is_bounded_too() -> None:
    seen = repeats(40 * EXPORT_WORDS)
    told = set()
    for number in range(100):
        _, too_old = seen.take(export(0, 1, dict.fromkeys(range(100 * number, 100 * number + 100), 1)))
        told.add(too_old)
        assert seen.words <= 40 * EXPORT_WORDS
    assert told == {False, True}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two", "three"]),
        st.integers(0, 12),
        st.sampled_from([0.0, 0.25, 0.5]),
        st.sets(st.integers(0, 40), max_size=30),
    ),
    max_size=40,
)


@given(STEPS, st.integers(3, 12), st.integers(1, 10), st.sets(st.integers(0, 40)))
def test_several_streams_at_small_bounds(
    steps: list[tuple[str, int, float, set[int]]], exports: int, horizon: int, restarts: set[int]
) -> None:
    """Nothing is counted twice, what cannot be judged is refused, memory is bounded, a restart changes nothing."""
    limit = exports * EXPORT_WORDS
    seen, other = (Repeats(horizon * NANOSECONDS, limit) for _ in range(2))
    counted: set[tuple[str, float, int, int]] = set()
    for number, (instance, time, start, users) in enumerate(steps):
        if number in restarts:
            state = unpack(pack(other.dump()))
            other = Repeats(horizon * NANOSECONDS, limit)
            other.load(state)
        one = export(time + start, time + 1, dict.fromkeys(users, 1), instance=instance)
        fresh, too_old = seen.take(one)
        again, again_too_old = other.take(one)
        assert (again.tolist(), again_too_old, other.words) == (fresh.tolist(), too_old, seen.words)
        assert seen.words <= limit
        points = {user: (instance, time + start, time, user) for user in users}
        new = {points[int(user)] for user in one.users[: len(users)][fresh[: len(users)]]}
        assert not new & counted
        assert not (too_old and new)
        if not too_old:
            assert new == set(points.values()) - counted
        counted |= new


def test_a_forgotten_stream_leaves_nothing() -> None:
    seen = repeats()
    seen.take(export(0, 1, {1: 5}))
    seen.forget(Stream("mes-api", "one"))

    assert seen.words == 0
    assert seen.take(export(0, 1, {1: 5}))[0].all()
