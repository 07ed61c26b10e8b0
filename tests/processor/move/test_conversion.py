"""A server takes the first half, partitions and their join the other: what is said is what one server says."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags, NumberDataPoint

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.join import JoinBounds
from reduse.processor.core.options import Options
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.partial import Partial, pack_partials
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import Shard
from reduse.processor.kafka import stage as stages
from reduse.processor.kafka.partition import Apart, Partition, Step
from reduse.processor.kafka.record import Record
from reduse.processor.move.conversion import Converted, Layout, convert
from reduse.processor.move.partitioning import KeyKind
from reduse.processor.otlp.decoding import decode
from reduse.processor.otlp.encoding import encode
from reduse.wire import shard_of
from tests.processor.exports import SECOND, export
from tests.processor.kafka.cluster import Samples, Series, add_samples, requests_in

BEGIN = 1_790_000_000 * SECOND
OPTIONS = Options(top_k=2, labels_per_day=9)
BOUNDS = Bounds()
SERVICES = {"mes-api": ("one", "two"), "shop-api": ("one",), "line/ui": ("one", "three")}
USERS = [f"{random.Random(number).randrange(2**64):016x}" for number in range(40)]  # noqa: S311 - the same each time
FUTURE = 10 * SECOND

# A service's requests of a second.
Sent = tuple[str, int, bytes]


def traffic(seed: int, seconds: int) -> list[Sent]:
    """Exports of all instances together; some come again, some are of one second before, and services fall silent."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    found: list[Sent] = []
    silent = dict.fromkeys(SERVICES, 0)
    for second in range(seconds):
        for service, instances in SERVICES.items():
            if silent[service] > second:
                continue
            if chance.random() < 0.08:
                silent[service] = second + chance.choice([2, 8])
            request = ExportMetricsServiceRequest()
            for instance in instances:
                request.MergeFrom(_export(chance, service, instance, second))
            found.append((service, second, request.SerializeToString()))
            if chance.random() < 0.2:
                of_before = chance.choice([each for each in found if each[0] == service])
                found.append((service, second, of_before[2]))
    return found


def _export(chance: random.Random, service: str, instance: str, second: int) -> ExportMetricsServiceRequest:
    users = {user: chance.choice([1, 1, 2, 3, 30]) for user in chance.sample(USERS, chance.randrange(20))}
    start = BEGIN + second * SECOND
    return export(start, start + SECOND, users, chance.randrange(3), instance, service)


def samples(emissions: Iterable[Emission]) -> Samples:
    found: Samples = {}
    for emission in emissions:
        add_samples(found, ExportMetricsServiceRequest.FromString(encode(emission, "a")))
    return found


def server() -> Shard:
    return Shard(lambda: Engine(BUILT_IN, OPTIONS, BOUNDS))


def take_all(shard: Shard, sent: Sequence[Sent], seconds: range, later: int = 0) -> list[Emission]:
    """Second by second, with a look at the time at the end of each; `later` (ns): so long they have waited before."""
    emissions: list[Emission] = []
    for second in seconds:
        now = BEGIN + (second + 1) * SECOND + later
        for _, of_second, body in sent:
            if of_second == second:
                shard.take(decode(body, now + FUTURE).exports, now)
        emissions += shard.tick(now)
    return emissions


class Workers:
    """The partitions of both topics, in memory."""

    def __init__(self, converted: Converted, layout: Layout) -> None:
        self._layout = layout
        shards = stages.shards(layout.exports_topic, "", BUILT_IN, OPTIONS, BOUNDS, FUTURE)
        join = stages.join("partials", "", BUILT_IN, OPTIONS, JoinBounds())
        self.exports = [_adopted(shards, number, state) for number, state in enumerate(converted.shards)]
        self.partials = [_adopted(join, number, state) for number, state in enumerate(converted.joins)]
        self.emissions: list[Emission] = []
        self.steps: list[Step] = []

    def take(self, number: int, time: int, body: bytes, key: bytes = b"") -> None:
        partition = self.exports[number]
        step = partition.take(Record(partition.next, time, body, key))
        self.steps.append(step)
        for partial in step.partials:
            self._join(partial, time)

    def _join(self, partial: Partial, time: int) -> None:
        partition = self.partials[self._layout.join_of(partial.emission.service)]
        joined = partition.take(Record(partition.next, time, pack_partials([partial])))
        assert (joined.repeated, joined.late, joined.incomplete) == (0, 0, 0)
        self.emissions += joined.emissions

    def take_all(self, sent: Sequence[Sent], seconds: range) -> None:
        for second in seconds:
            now = BEGIN + (second + 1) * SECOND
            for service, of_second, body in sent:
                if of_second == second:
                    self.take(self._layout.shard_of(service), now, body, self._layout.key.of(service))
            for number in range(len(self.exports)):
                self.take(number, now + SECOND // 2, b"")


def _adopted(stage: stages.Stage, number: int, state: object) -> Partition:
    """As a worker finds it, which reads what the move has written."""
    adopting, found = stage.new_partition(number, 5, Apart()), stage.new_partition(number, 5, Apart())
    adopting.adopt(unpack(pack(state)))
    found.load(unpack(pack(adopting.dump())))
    return found


def moved(shard: Shard, layout: Layout) -> Workers:
    return Workers(convert(shard.dump(), BUILT_IN, layout), layout)


def without_ends_of_nothing(found: Samples, before: Samples) -> Samples:
    """But for the ends of series that had no value since the move: as of workers there is nothing to end."""
    first: dict[Series, int] = {}
    for (series, time), value in found.items():
        if (series, time) not in before and not _ends(value):
            first[series] = min(time, first.get(series, time))
    return {
        (series, time): value
        for (series, time), value in found.items()
        if (series, time) in before or not _ends(value) or first.get(series, time) < time
    }


def _ends(value: bytes) -> bool:
    # Of the points of histograms, which never end, this is another field.
    try:
        flags = NumberDataPoint.FromString(value).flags
    except Exception:  # noqa: BLE001 - a histogram's
        return False
    return bool(flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)


# What is drawn is a seed: there is nothing simpler to be found.
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.integers(0, 2**32),
    st.integers(1, 25),
    st.sampled_from([(1, 1), (4, 4), (8, 3)]),
    st.sampled_from(list(KeyKind)),
    st.sampled_from([0, 0, 600 * SECOND]),
)
def test_what_is_said_after_the_move_is_what_one_server_says(
    seed: int, cut: int, partitions: tuple[int, int], key: KeyKind, later: int
) -> None:
    """Whichever the keys are, and also where the server took its last after agents began to write to Kafka."""
    sent, end = traffic(seed, 26), 40
    whole = samples(take_all(server(), sent, range(end)))
    first = server()
    before = take_all(first, sent, range(cut), later)
    workers = moved(first, Layout("exports", *partitions, key))
    workers.take_all(sent, range(cut, end))
    said = samples([*before, *workers.emissions])
    told = samples(before)
    assert without_ends_of_nothing(said, told) == without_ends_of_nothing(whole, told)
    assert requests_in(said) == requests_in(whole)


def test_what_the_server_had_counted_is_known_as_a_repeat() -> None:
    sent, layout = traffic(3, 20), Layout("exports", 4, 4)
    shard = server()
    take_all(shard, sent, range(20))
    workers = moved(shard, layout)
    workers.take_all(sent, range(20))
    points = sum(step.outcome.repeated for step in workers.steps)
    assert points > 0
    assert sum(step.outcome.counted for step in workers.steps) == 0
    assert points == sum(step.points for step in workers.steps)


def test_each_service_is_moved_once_with_all_that_is_its_own() -> None:
    shard = server()
    take_all(shard, traffic(5, 20), range(20))
    state = shard.dump()
    converted = convert(state, BUILT_IN, Layout("exports", 4, 4))
    for states in (converted.shards, converted.joins):
        assert sorted(each["name"] for one in states for each in one["services"]) == sorted(SERVICES)
    assert {each.service: each.instances for each in converted.services} == {
        service: len(instances) for service, instances in SERVICES.items()
    }
    assert sum(len(one["repeats"]["keys"]) for one in converted.shards) == len(state["repeats"]["keys"])
    users = {
        each["name"]: len(np.concatenate([u for u, _ in each["directory"]["segments"]])) for each in state["services"]
    }
    assert {each.service: each.users for each in converted.services} == users


def test_a_service_that_its_senders_split_goes_on_with_its_counters() -> None:
    """Its users begin anew in their shards; no request is lost or counted twice."""
    layout, shards = Layout("exports", 4, 4), 4
    start = BEGIN
    users = dict.fromkeys(USERS, 3)
    shard = server()
    first = export(start, start + SECOND, users, 2, "one", "mes-api").SerializeToString()
    take_all(shard, [("mes-api", 0, first)], range(1))
    workers = moved(shard, layout)
    for second in range(1, 30):
        now = start + (second + 1) * SECOND
        for number in range(shards):
            if second < 10:
                own = {user: 3 for user in USERS if shard_of(user, shards) == number}
                body = export(now - SECOND, now, own, 0 if number else 2, "one", "mes-api").SerializeToString()
                workers.take(number, now, body, f"mes-api#{number}/{shards}".encode())
        for number in range(layout.exports):
            workers.take(number, now + SECOND // 2, b"")
    assert requests_in(samples(workers.emissions)) == {"user": 10 * 3 * len(USERS), "anonymous": 10 * 2, "overflow": 0}


def test_a_server_without_anything_is_moved_as_nothing() -> None:
    layout = replace(Layout("exports", 2, 2))
    workers = moved(server(), layout)
    sent = traffic(1, 10)
    workers.take_all(sent, range(30))
    assert samples(workers.emissions) == samples(take_all(server(), sent, range(30)))
