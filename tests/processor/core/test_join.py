"""Shards that are joined say what one processor says that has all users."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from reduse.processor.core.columns import Export, Kind, Stream
from reduse.processor.core.contribution import Contribution
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.join import Join, JoinBounds
from reduse.processor.core.ladder import parse_policy_limits
from reduse.processor.core.metric import Metric, Point, Shape, labels_of
from reduse.processor.core.packing import DamagedError, pack, unpack
from reduse.processor.core.partial import Partial, pack_partials, unpack_partials
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import Load
from reduse.wire import PLAIN, WHOLE, RequestClass, ShardNumber
from tests.processor.builders import EPOCH
from tests.processor.memory_host import dealt
from tests.properties import examples_over

SECOND = NANOSECONDS
# More than any shard gives rows for.
USERS = np.random.default_rng(1).integers(0, 2**64, 900, np.uint64)
OPTIONS = Options(
    top_k=3, labels_per_day=12, policy_limits=parse_policy_limits("mes-api/price=2/s,30/minute;shop-api/jobs=1", 2)
)
SUMMED = [kind for kind in BUILT_IN if not kind.of_joined_window]

Samples = dict[tuple[str, str, tuple[tuple[str, str], ...], int], object]


@dataclass(frozen=True)
class Taken:
    """Exports that come together, and are looked at."""

    exports: tuple[Export, ...]
    now: int


def export(generator: np.random.Generator, instance: str, begin: int, end: int, service: str) -> Export:
    """Of some hundred users, few of them with much."""
    chosen = np.sort(generator.choice(USERS, generator.integers(0, 700), replace=False))
    size = len(chosen) + 1
    counts = np.minimum(generator.zipf(1.7, size), 500).astype(np.int64)
    microseconds = counts * generator.integers(1, 90_000, size)
    kinds = np.array([Kind.USER] * len(chosen) + [Kind.ANONYMOUS], np.uint8)
    stream, users = Stream(service, instance), np.append(chosen, np.uint64(0))
    return Export(stream, begin * SECOND, end * SECOND, kinds, users, counts, microseconds)


def classed(whole: Export, chance: random.Random) -> list[Export]:
    """The same in parts: some of the users' requests are under a policy, or throttled."""
    cuts = sorted(chance.randrange(len(whole)) for _ in range(2))
    parts = []
    for begin, end, request_class in (
        (0, cuts[0], RequestClass(chance.choice(["price", "jobs"]), throttled=False)),
        (cuts[0], cuts[1], RequestClass(chance.choice(["", "price"]), throttled=True)),
        (cuts[1], len(whole), PLAIN),
    ):
        rows = slice(begin, end)
        columns = whole.kinds[rows], whole.users[rows], whole.counts[rows], whole.microseconds[rows]
        parts.append(Export(whole.stream, whole.start, whole.time, *columns, None, request_class))
    return [each for each in parts if len(each)]


def traffic(seed: int) -> list[Taken]:
    """Two instances and services: exports on time, late ones and repeats, of several intervals; and silences."""
    generator, chance = np.random.default_rng(seed), random.Random(seed)  # noqa: S311 - to be the same each time
    begin, taken = EPOCH // SECOND, list[Taken]()
    ends = {("one", "mes-api"): begin, ("two", "mes-api"): begin, ("one", "shop-api"): begin}
    now = begin
    for _ in range(chance.randrange(3, 25)):
        now += chance.choice([1, 1, 1, 1, 2, 3, 15])
        exports = []
        for (instance, service), end in ends.items():
            if end < now and chance.random() < 0.8:
                whole = export(generator, instance, max(end, now - 20), now, service)
                exports += classed(whole, chance) if chance.random() < 0.5 else [whole]
                ends[instance, service] = now
        if taken and chance.random() < 0.2:
            exports += chance.choice(taken).exports
        taken.append(Taken(tuple(exports), now * SECOND + chance.randrange(SECOND)))
    last = taken[-1].now
    return [*taken, Taken((), last + 4 * SECOND), Taken((), last + 30 * SECOND)]


def said(shard: Shard, taken: Iterable[Taken]) -> list[list[Emission]]:
    found = []
    for each in taken:
        shard.take(each.exports, each.now)
        found.append(shard.tick(each.now))
    return found


def partials(taken: Sequence[Taken], bits: int) -> list[list[Partial]]:
    """What each shard says, in order."""
    found = []
    for number in range(2**bits):
        own = [replace(each, exports=tuple(dealt(each.exports, bits)[number])) for each in taken]
        shard = Shard(lambda: Engine(SUMMED, OPTIONS, joined=True))
        shards = (ShardNumber(number, 2**bits),)
        found.append([Partial(str(number), shards, e) for emissions in said(shard, own) for e in emissions])
    return found


def samples(emissions: Iterable[Emission]) -> Samples:
    """AssertionError for two values of one series and time."""
    found: Samples = {}
    for emission in emissions:
        for metric in emission.metrics:
            for value, attributes in metric.points:
                key = emission.service, metric.name, labels_of(attributes).series, emission.time
                assert found.setdefault(key, (value, emission.started)) == (value, emission.started)
    return found


# What is drawn is a seed: there is nothing simpler to be found.
@pytest.mark.slow
@settings(max_examples=examples_over(25), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_joined_shards_say_what_one_processor_says(seed: int, bits: int) -> None:
    """In whatever order shards are heard, whatever they say again, and wherever the join begins again."""
    taken, chance = traffic(seed), random.Random(seed)  # noqa: S311 - to be the same each time
    one = [emission for each in said(Shard(lambda: Engine(BUILT_IN, OPTIONS)), taken) for emission in each]
    join, joined, heard = Join(BUILT_IN, OPTIONS), list[Emission](), list[Partial]()
    waiting = partials(taken, bits)
    while any(waiting):
        own = chance.choice([each for each in waiting if each])
        batch = own[: chance.randrange(1, 6)]
        del own[: len(batch)]
        again = chance.sample(heard, min(len(heard), 2)) if chance.random() < 0.3 else []
        for partial in unpack_partials(pack_partials([*again, *batch])):
            joined += join.take(partial, taken[0].now).emissions
        heard += batch
        if chance.random() < 0.1:
            join = again_from(join)

    assert samples(joined) == samples(one)
    assert join.waiting == 0


def again_from(join: Join) -> Join:
    state = pack(join.dump())
    found = Join(BUILT_IN, OPTIONS)
    found.load(unpack(state))
    assert pack(found.dump()) == state
    return found


def spoken(source: str, number: int, counts: Sequence[int], started: int = 0, *, shards: int = 2) -> Partial:
    """Of the window of this number, a user for each count. A counter says all that is in windows through it."""
    users = np.arange(len(counts), dtype=np.uint64) + np.uint64(ord(source) << 32)
    given = Contribution(users, np.array(counts), np.array(counts) * 1000, Load(1, 1), Load(), Load(2, 2))
    begin = EPOCH + number * SECOND
    metrics = (
        Metric("told.requests", "{request}", Shape.COUNTER, (Point(10 * (number + 1) - started),)),
        Metric("told.most", "{request}", Shape.GAUGE, tuple(Point(n, {"requests": str(n)}) for n in counts)),
    )
    shard = ShardNumber("abcdefgh".index(source), shards)
    return Partial(source, (shard,), Emission("mes-api", EPOCH + started * SECOND, begin + SECOND, metrics, given))


def quiet(source: str, number: int) -> Partial:
    """After the window of this number."""
    time = EPOCH + (number + 1) * SECOND + SECOND // 2
    return Partial(source, (), Emission("mes-api", EPOCH, time, (), None))


def value(emission: Emission, name: str, **attributes: str) -> object:
    """AssertionError when there is no such series."""
    (found,) = [
        point.value
        for metric in emission.metrics
        if metric.name == name
        for point in metric.points
        if dict(point.attributes) == attributes
    ]
    return found


def closed(join: Join, *partials: Partial, now: int = EPOCH) -> list[Emission]:
    return [emission for partial in partials for emission in join.take(partial, now).emissions]


def test_a_shard_that_says_nothing_is_waited_for_and_counted_in_the_next_window_when_it_comes_too_late() -> None:
    join = Join(BUILT_IN, bounds=JoinBounds(wait=10 * SECOND))
    assert closed(join, spoken("a", 0, [5]), spoken("a", 1, [5])) == []
    assert join.waiting == 2
    waited = join.tick(EPOCH + 10 * SECOND)
    assert waited.emissions == []
    waited = join.tick(EPOCH + 10 * SECOND + 1)
    assert (len(waited.emissions), waited.incomplete, join.waiting) == (2, 2, 0)

    late = join.take(spoken("b", 0, [7]), EPOCH + 11 * SECOND)
    assert late.late
    assert late.emissions == []
    assert join.take(spoken("b", 0, [7]), EPOCH + 11 * SECOND).repeated
    (whole,) = closed(join, spoken("b", 1, [7]), spoken("b", 2, [7]), spoken("a", 2, [5]), now=EPOCH + 11 * SECOND)
    # Of both windows that came late, and its own: with the requests of users without a row, and the unidentified.
    assert value(whole, "reduse.user.rate", user="other") == 5 + 3 * 7 + 2 * 4 - value_of_top(whole)
    assert value(whole, "reduse.user.rate", user="anonymous") == 4
    # A gauge is of its own window alone.
    assert value(whole, "told.most", requests="7") == 7
    assert value(whole, "told.requests") == 60


def value_of_top(emission: Emission) -> float:
    (rates,) = [metric for metric in emission.metrics if metric.name == "reduse.user.rate"]
    return sum(v for v, attributes in rates.points if attributes["user"] not in {"other", "anonymous"} and v)  # type: ignore[misc]


def test_while_the_number_of_shards_changes_those_of_both_numbers_are_waited_for() -> None:
    join = Join(BUILT_IN)
    old, new = spoken("a", 0, [1]), spoken("b", 0, [1], shards=4)
    both = replace(old, shards=(*old.shards, ShardNumber(0, 4)))
    assert closed(join, both, new, spoken("c", 0, [1], shards=4), spoken("d", 0, [1], shards=4)) == []
    assert len(closed(join, replace(new, source="e", shards=(ShardNumber(1, 2),)))) == 1


def test_a_shard_that_came_too_late_where_it_is_taken_is_not_waited_for_elsewhere() -> None:
    """It began after the window of a shard beside it had closed, and is counted in the next one."""
    join = Join(BUILT_IN)
    both = replace(spoken("a", 1, [1, 1]), shards=(ShardNumber(0, 2), ShardNumber(1, 2)))
    assert closed(join, spoken("a", 0, [1])) == []
    assert len(closed(join, both)) == 2


def test_a_shard_that_begins_anew_or_is_forgotten_takes_nothing_from_what_was_counted() -> None:
    join = Join(BUILT_IN, bounds=JoinBounds(forget=60 * SECOND))
    (first,) = closed(join, spoken("a", 0, [1]), spoken("b", 0, [1]))
    assert value(first, "told.requests") == 20
    (second,) = closed(join, spoken("a", 1, [1], started=1), spoken("b", 1, [1]))
    assert value(second, "told.requests") == 10 + 19 + 20
    (third,) = closed(join, quiet("a", 1), replace(spoken("b", 2, [1]), shards=(WHOLE,)))
    assert value(third, "told.requests") == 10 + 19 + 30
    (fourth,) = closed(join, replace(spoken("b", 3, [1]), shards=(WHOLE,)), now=EPOCH + 61 * SECOND)
    assert value(fourth, "told.requests") == 10 + 19 + 40
    (fifth,) = closed(again_from(join), replace(spoken("b", 4, [1]), shards=(WHOLE,)), now=EPOCH + 62 * SECOND)
    assert value(fifth, "told.requests") == 10 + 19 + 50


def test_a_series_ends_when_no_shard_tells_of_it_and_all_when_all_are_silent() -> None:
    join = Join([])
    (both,) = closed(join, spoken("a", 0, [3]), spoken("b", 0, [3, 4]))
    assert (value(both, "told.most", requests="3"), value(both, "told.most", requests="4")) == (6, 4)
    (one,) = closed(join, spoken("a", 1, [3]), spoken("b", 1, []))
    assert (value(one, "told.most", requests="3"), value(one, "told.most", requests="4")) == (3, None)
    assert closed(join, quiet("a", 1)) == []
    (ended,) = closed(join, quiet("b", 1))
    assert value(ended, "told.most", requests="3") is None
    assert ended.time == EPOCH + 2 * SECOND + SECOND // 2
    assert closed(join, quiet("b", 1)) == []


def test_beyond_the_bound_on_rows_the_oldest_windows_close() -> None:
    join = Join(BUILT_IN, bounds=JoinBounds(rows=1000))
    found = [join.take(spoken("a", number, [1] * 100), EPOCH) for number in range(10)]
    assert sum(each.incomplete for each in found) == len([e for each in found for e in each.emissions]) == 8
    assert join.waiting == 2


def test_what_is_no_partial_is_refused() -> None:
    body = pack_partials([spoken("a", 0, [1])])
    for damaged in (b"", body[:-1], body[:40] + b"x" + body[41:], pack({"format": 2}), pack([1])):
        with pytest.raises(DamagedError):
            unpack_partials(damaged)
    with pytest.raises(NewerFormatError, match="format 9"):
        unpack_partials(pack({"format": 9, "partials": []}))
