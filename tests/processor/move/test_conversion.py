"""A server takes the first half, partitions and their join the other: what is said is what one server says."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

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
from reduse.processor.move.partitioning import key_of
from reduse.processor.otlp.decoding import decode
from reduse.processor.otlp.encoding import encode
from reduse.wire import shard_of
from tests.processor.exports import SECOND, export
from tests.processor.kafka.cluster import Samples, add_samples, requests_in
from tests.properties import examples_over

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
        # Partials of windows that were closed already.
        self.late = 0

    def take(self, number: int, time: int, body: bytes, key: bytes = b"") -> None:
        partition = self.exports[number]
        step = partition.take(Record(partition.next, time, body, key))
        self.steps.append(step)
        for partial in step.partials:
            self._join(partial, time)

    def _join(self, partial: Partial, time: int) -> None:
        partition = self.partials[self._layout.join_of(partial.emission.service)]
        joined = partition.take(Record(partition.next, time, pack_partials([partial])))
        assert (joined.repeated, joined.incomplete) == (0, 0)
        self.late += joined.late
        self.emissions += joined.emissions

    def take_all(self, sent: Sequence[Sent], seconds: range) -> None:
        for second in seconds:
            now = BEGIN + (second + 1) * SECOND
            for service, of_second, body in sent:
                if of_second == second:
                    self.take(self._layout.shard_of(service), now, body, key_of(service))
            for number in range(len(self.exports)):
                self.take(number, now + SECOND // 2, b"")


def _adopted(stage: stages.Stage, number: int, state: object) -> Partition:
    """As a worker finds it, which reads what the move has written."""
    adopting, found = stage.new_partition(number, 5, Apart()), stage.new_partition(number, 5, Apart())
    adopting.adopt(unpack(pack(state)))
    found.load(unpack(pack(adopting.dump())))
    return found


def moved(shard: Shard, layout: Layout) -> Workers:
    return Workers(convert(shard.dump(), BUILT_IN, OPTIONS, layout), layout)


# What is drawn is a seed: there is nothing simpler to be found.
@pytest.mark.slow
@settings(max_examples=examples_over(12), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.integers(0, 2**32),
    st.integers(1, 25),
    st.sampled_from([(1, 1), (4, 4), (8, 3)]),
    st.sampled_from([0, 0, 600 * SECOND]),
)
def test_what_is_said_after_the_move_is_what_one_server_says(
    seed: int, cut: int, partitions: tuple[int, int], later: int
) -> None:
    """Also where the server took its last after agents began to write to Kafka."""
    sent, end = traffic(seed, 26), 40
    whole = samples(take_all(server(), sent, range(end)))
    first = server()
    before = take_all(first, sent, range(cut), later)
    workers = moved(first, Layout("exports", *partitions))
    workers.take_all(sent, range(cut, end))
    said = samples([*before, *workers.emissions])
    assert workers.late == 0
    assert said == whole


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
    converted = convert(state, BUILT_IN, OPTIONS, Layout("exports", 4, 4))
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


@pytest.mark.slow
def test_members_of_the_top_are_told_of_after_the_move_though_they_do_little() -> None:
    """More users than a shard gives rows for, who lead in one second and are the last ones in the next."""
    chance = random.Random(1)  # noqa: S311 - to be the same each time
    everybody = [f"{chance.randrange(2**64):016x}" for _ in range(400)]
    sent: list[Sent] = []
    for second in range(30):
        start = BEGIN + second * SECOND
        users = dict.fromkeys(everybody, 5) | {everybody[second // 2]: 1, everybody[second // 2 + 1]: 90}
        users |= {everybody[at]: 1 for at in range(second // 2)}
        sent.append(("mes-api", second, export(start, start + SECOND, users, 1).SerializeToString()))
    whole = samples(take_all(server(), sent, range(30)))
    for cut in (3, 12, 21):
        first = server()
        before = take_all(first, sent, range(cut))
        workers = moved(first, Layout("exports", 4, 4))
        workers.take_all(sent, range(cut, 30))
        assert samples([*before, *workers.emissions]) == whole


def test_windows_close_at_once_though_the_server_took_its_last_after_agents_began_to_write_to_kafka() -> None:
    users = dict.fromkeys(USERS, 2)
    sent = [
        (
            "mes-api",
            second,
            export(BEGIN + second * SECOND, BEGIN + (second + 1) * SECOND, users, 1).SerializeToString(),
        )
        for second in range(6)
    ]
    shard = server()
    take_all(shard, sent, range(2), 600 * SECOND)
    workers = moved(shard, Layout("exports", 4, 4))
    workers.take_all(sent, range(2, 6))
    assert [each.time for each in workers.emissions] == [BEGIN + second * SECOND for second in range(3, 7)]


def test_whoever_was_heard_by_the_server_has_time_to_be_heard_by_workers() -> None:
    """The first instance that comes after the move does not close the other's windows."""
    users = dict.fromkeys(USERS, 2)

    def sent(instance: str, second: int) -> bytes:
        start = BEGIN + second * SECOND
        return export(start, start + SECOND, users, 1, instance, "mes-api").SerializeToString()

    layout, shard = Layout("exports", 4, 4), server()
    take_all(shard, [("", second, sent(each, second)) for second in range(3) for each in ("one", "two")], range(3))
    workers, number, key = moved(shard, layout), layout.shard_of("mes-api"), key_of("mes-api")
    now = BEGIN + 100 * SECOND
    for second in range(3, 9):
        workers.take(number, now, sent("one", second), key)
        workers.take(number, now + SECOND // 4, b"")
        workers.take(number, now + 2 * SECOND, sent("two", second), key)
        now += SECOND * 5 // 2
    assert sum(step.outcome.late for step in workers.steps) == 0
    assert requests_in(samples(workers.emissions)) == {
        "user": 2 * 9 * 2 * len(USERS),
        "anonymous": 2 * 9,
        "overflow": 0,
    }


def split(workers: Workers, layout: Layout, instance: str, seconds: range, now: int) -> None:
    """An instance's exports of these seconds, one in each second from `now` (Unix ns) on, split by its service.

    The shards are in partitions to which the service was not moved.
    """
    others = [number for number in range(layout.exports) if number != layout.shard_of("mes-api")]
    shards = len(others)
    for second in seconds:
        start = BEGIN + second * SECOND
        for shard, number in enumerate(others):
            own = {user: 3 for user in USERS if shard_of(user, shards) == shard}
            body = export(start, start + SECOND, own, 0 if shard else 2, instance, "mes-api").SerializeToString()
            workers.take(number, now, body, f"mes-api#{shard}/{shards}".encode())
        for number in range(layout.exports):
            workers.take(number, now + SECOND // 2, b"")
        now += SECOND


def test_a_service_that_its_senders_split_goes_on_with_its_counters() -> None:
    """Its users begin anew in their shards; what the server had not closed yet is waited for, and nothing is lost."""
    layout, shard = Layout("exports", 4, 4), server()
    whole = dict.fromkeys(USERS, 3)
    one = export(BEGIN, BEGIN + SECOND, whole, 2, "one", "mes-api").SerializeToString()
    ahead = export(BEGIN + SECOND, BEGIN + 2 * SECOND, whole, 2, "one", "mes-api").SerializeToString()
    two = export(BEGIN, BEGIN + SECOND, whole, 2, "two", "mes-api").SerializeToString()
    before = take_all(shard, [("", 0, one), ("", 0, two), ("", 1, ahead)], range(2))
    assert [each.time for each in before] == [BEGIN + SECOND]
    workers = moved(shard, layout)
    split(workers, layout, "one", range(2, 10), BEGIN + 3 * SECOND)
    for second in range(11, 30):
        for number in range(layout.exports):
            workers.take(number, BEGIN + second * SECOND, b"")
    assert workers.late == 0
    said = samples([*before, *workers.emissions])
    assert requests_in(said) == {"user": 11 * 3 * len(USERS), "anonymous": 11 * 2, "overflow": 0}


def test_what_comes_too_late_from_the_shards_of_a_split_service_is_counted_in_a_window_that_was_not_said() -> None:
    layout, shard = Layout("exports", 4, 4), server()
    body = export(BEGIN, BEGIN + SECOND, dict.fromkeys(USERS, 3), 2, "one", "mes-api").SerializeToString()
    before = take_all(shard, [("", 0, body)], range(2))
    workers = moved(shard, layout)
    split(workers, layout, "two", range(5), BEGIN + SECOND)
    for second in range(7, 30):
        for number in range(layout.exports):
            workers.take(number, BEGIN + second * SECOND, b"")
    assert workers.late > 0
    # AssertionError for two values of one series and time.
    said = samples([*before, *workers.emissions])
    assert requests_in(said) == {"user": 6 * 3 * len(USERS), "anonymous": 6 * 2, "overflow": 0}


def test_a_server_without_anything_is_moved_as_nothing() -> None:
    layout = Layout("exports", 2, 2)
    workers = moved(server(), layout)
    sent = traffic(1, 10)
    workers.take_all(sent, range(30))
    assert samples(workers.emissions) == samples(take_all(server(), sent, range(30)))
