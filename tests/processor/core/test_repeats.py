from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.columns import NANOSECONDS, Stream
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.repeats import EXPORT_WORDS, Repeats
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


def test_a_forgotten_stream_leaves_nothing() -> None:
    seen = repeats()
    seen.take(export(0, 1, {1: 5}))
    seen.forget(Stream("mes-api", "one"))

    assert seen.words == 0
    assert seen.take(export(0, 1, {1: 5}))[0].all()
