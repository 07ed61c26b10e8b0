"""The same points give the same answers however they come: in any order, again, in parts, over restarts, sharded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.columns import Export
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.ladder import Ladder
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.units import NANOSECONDS
from tests.processor.builders import EPOCH, export, totals, values
from tests.processor.reference.points import ANONYMOUS, OVERFLOW, Answer, Point, Series, Values
from tests.processor.reference.traces import Event, Send, traces
from tests.processor.subject import Subject
from tests.properties import examples_over

NOW = EPOCH
LATER = NOW + 3 * NANOSECONDS
TOP_K = 2
# Nobody is refused a series, or else it would depend on the users of the same shard.
OPTIONS = Options(top_k=TOP_K, labels_per_day=10_000, ladders=(Ladder((1, 10), 2.0),))
BOUNDS = Bounds(repeat_horizon=10**18)


def engine() -> Engine:
    return Engine(BUILT_IN)


def advance(core: Engine, now: int = NOW) -> list[Emission]:
    return [emission for command in core.due(now) for emission in core.execute(command)]


def restarted(core: Engine) -> Engine:
    other = engine()
    other.load(unpack(pack(core.dump())))
    return other


def shuffled(exports: Sequence[Export], order: Sequence[int]) -> list[Export]:
    return [exports[number % len(exports)] for number in order]


EXPORTS = st.lists(
    st.builds(
        lambda start, length, users, anonymous, overflow, instance: export(
            start / 8, (start + length) / 8, users, anonymous, overflow, instance
        ),
        st.integers(0, 40),
        st.integers(1, 16),
        st.dictionaries(st.integers(0, 2**64 - 1) | st.integers(0, 5), st.integers(0, 50), max_size=6),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(["one", "two"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda e: (e.stream, e.start, e.time),
)
ORDER = st.lists(st.integers(0, 11), max_size=20)


def sent(exports: Iterable[Export]) -> int:
    return sum(int(e.counts.sum()) for e in exports)


@pytest.mark.slow
@given(EXPORTS, ORDER, st.lists(st.booleans(), min_size=40, max_size=40))
def test_any_order_repetition_batching_and_restart_conserves_the_total(
    exports: list[Export], order: list[int], breaks: list[bool]
) -> None:
    core = engine()
    emissions: list[Emission] = []
    for number, one in enumerate([*shuffled(exports, order), *exports]):
        core.apply([one], NOW)
        if breaks[number]:
            emissions += advance(core)
            core = restarted(core)
    emissions += advance(core, LATER)

    assert sum(totals(emissions).values()) == sent(exports)
    for emission in emissions[:-1]:
        rates = values(emission.metrics, "reduse.user.rate")
        shown = sum(v for v in rates.values() if isinstance(v, float))
        assert shown == shown // 1, "requests of a window of one second are whole"
    assert sum(_rate(e) for e in emissions) == sent(exports)


def _rate(emission: Emission) -> float:
    return sum(v for v in values(emission.metrics, "reduse.user.rate").values() if isinstance(v, float))


@pytest.mark.slow
@given(EXPORTS, ORDER, st.integers(1, 5))
def test_order_repetition_and_batching_within_open_windows_do_not_show(
    exports: list[Export], order: list[int], batch: int
) -> None:
    plain, other = engine(), engine()
    plain.apply(exports, NOW)
    rearranged = [*shuffled(exports, order), *exports]
    for first in range(0, len(rearranged), batch):
        other.apply(rearranged[first : first + batch], NOW)

    assert advance(other) == advance(plain)
    assert advance(other, LATER) == advance(plain, LATER)


@pytest.mark.slow
@given(EXPORTS, st.lists(st.booleans(), min_size=12, max_size=12))
def test_a_restart_between_any_two_exports_does_not_show(exports: list[Export], restarts: list[bool]) -> None:
    plain, other = engine(), engine()
    for one, restart in zip(exports, restarts, strict=False):
        if restart:
            other = restarted(other)
        plain.apply([one], NOW)
        other.apply([one], NOW)
        assert advance(other) == advance(plain)
    assert advance(restarted(other), LATER) == advance(plain, LATER)


@pytest.mark.slow
@settings(max_examples=examples_over(3))
@given(
    traces(("mes-api",)),
    st.builds(
        Bounds,
        repeat_horizon=st.just(BOUNDS.repeat_horizon),
        window_users=st.integers(1, 4),
        open_windows=st.integers(1, 5),
        open_rows=st.integers(1, 12),
        interval=st.sampled_from([NANOSECONDS, 3 * NANOSECONDS]),
    ),
    st.integers(1, 4),
)
def test_no_bound_loses_a_request(trace: list[Event], bounds: Bounds, user_limit: int) -> None:
    subject = Subject(replace(OPTIONS, user_limit=user_limit), bounds)
    answers = [answer for event in trace for answer in subject.answers(event)]
    sent = [point for event in trace if isinstance(event, Send) for point in event.points]
    # Of points with the same key the first counts.
    first = {point.key: point.count for point in reversed(sent)}

    assert _requests(answers) == sum(first.values())


@pytest.mark.slow
@settings(max_examples=examples_over(3))
@given(traces(("mes-api",)), st.integers(1, 4))
def test_shards_add_up_to_one_processor(trace: list[Event], count: int) -> None:
    """Users are dealt out by their hash, and who has none goes to the first shard."""
    whole, shards = Subject(OPTIONS, BOUNDS), [Subject(OPTIONS, BOUNDS) for _ in range(count)]
    expected: list[Answer] = []
    found: list[list[Answer]] = [[] for _ in shards]
    for event in trace:
        expected += whole.answers(event)
        for number, shard in enumerate(shards):
            for part in _dealt(event, number, count):
                found[number] += shard.answers(part)

    assert _requests(expected) == sum(map(_requests, found))
    # What is late counts in the oldest window still open, and which that is a shard knows for its own points only.
    if not any(subject.tally.late for subject in (whole, *shards)):
        _assert_added_up(expected, found)


def _dealt(event: Event, number: int, count: int) -> list[Event]:
    if not isinstance(event, Send):
        return [event]
    points = tuple(point for point in event.points if _shard(point, count) == number)
    return [Send(event.now, points)] if points else []


def _shard(point: Point, count: int) -> int:
    return 0 if point.user in {ANONYMOUS, OVERFLOW} else int(point.user, 16) % count


def _assert_added_up(expected: Sequence[Answer], found: Sequence[Sequence[Answer]]) -> None:
    for name in ("reduse.user.requests", "reduse.rate_limit.rejected"):
        assert _counted([expected], name) == _counted(found, name)
    for answer in expected:
        # Of a shard that has gone quiet there is none: nobody of its users sends anything.
        parts = [part.values for each in found for part in each if part.time == answer.time]
        for name in ("reduse.user.rate", "reduse.user.concurrency"):
            assert _leading(parts, name) == _leading([answer.values], name)
            assert _total(parts, name) == _total([answer.values], name)


def _requests(answers: Sequence[Answer]) -> int:
    return round(sum(_counted([answers], "reduse.user.requests").values()))


def _named(values: Values, name: str) -> Values:
    return {series: value for series, value in values.items() if series[0] == name}


def _counted(shards: Sequence[Sequence[Answer]], name: str) -> Counter[Series]:
    """A counter's increase over all shards: its last values since each time that it began anew."""
    last = {
        (shard, answer.started): found
        for shard, answers in enumerate(shards)
        for answer in answers
        if (found := _named(answer.values, name))
    }
    return _summed([*last.values()])


def _summed(parts: Sequence[Values]) -> Counter[Series]:
    """Over shards, by series; without those that are 0 or have ended."""
    summed: Counter[Series] = Counter()
    for part in parts:
        summed.update({series: value for series, value in part.items() if isinstance(value, float | int)})
    return +summed


def _total(parts: Sequence[Values], name: str) -> int:
    """In millionths, in which they are whole."""
    return sum(round(value * 1e6) for value in _summed([_named(part, name) for part in parts]).values())


def _leading(parts: Sequence[Values], name: str) -> Sequence[float]:
    """`topk` over the users of all shards."""
    users = _summed([_named(part, name) for part in parts])
    for rest in ("other", "anonymous"):
        users.pop((name, (("user", rest),)), None)
    return sorted(users.values())[-TOP_K:]
