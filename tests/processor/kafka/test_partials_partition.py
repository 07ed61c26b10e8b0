"""Shards on several partitions, joined: what one processor says, whatever becomes of who joins them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.join import Join, JoinBounds
from reduse.processor.core.options import Options
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.partial import Partial, pack_partials
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import Shard
from reduse.processor.kafka import stage as stages
from reduse.processor.kafka.partials_partition import PartialsPartition
from reduse.processor.kafka.partition import Apart, DefectError, Partition
from reduse.processor.kafka.record import Record
from reduse.processor.otlp.decoding import decode
from reduse.processor.otlp.encoding import encode
from reduse.wire import shard_key, shard_of
from tests.processor.exports import SECOND, export
from tests.processor.kafka.cluster import Samples, add_samples

BEGIN = 1_790_000_000 * SECOND
OPTIONS = Options(top_k=2, labels_per_day=9)
# Fractions of a second after its end at which a second's exports come, in each partition.
LATER = (0.02, 0.3, 0.11, 0.24)
USERS = [f"{random.Random(number).randrange(2**64):016x}" for number in range(40)]  # noqa: S311 - the same each time

# What a service's instances export in a second, together: by instance its users' requests, and those of nobody known.
# Who is heard first after a silence would else close the window before the other comes.
Sent = tuple[str, int, dict[str, tuple[dict[str, int], int]]]


def traffic(seed: int) -> list[Sent]:
    """Two services, of which one has two instances; seconds without anybody, and silences."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    found: list[Sent] = []
    second = 0
    for _ in range(chance.randrange(2, 20)):
        for service, instances in (("mes-api", ("one", "two")), ("shop-api", ("one",))):
            found.append((service, second, {instance: (users(chance), chance.randrange(3)) for instance in instances}))
        second += chance.choice([1, 1, 1, 1, 1, 20])
    return found


def users(chance: random.Random) -> dict[str, int]:
    return {user: chance.choice([1, 1, 2, 3, 30]) for user in chance.sample(USERS, chance.randrange(20))}


def body(sent: Sent, number: int, shards: int) -> bytes:
    """The part of it that is of one shard, as senders split it."""
    service, second, instances = sent
    start = BEGIN + second * SECOND
    joined = ExportMetricsServiceRequest()
    for instance, (counts, anonymous) in instances.items():
        own = {user: count for user, count in counts.items() if shard_of(user, shards) == number}
        joined.MergeFrom(export(start, start + SECOND, own, 0 if number else anonymous, instance, service))
    return joined.SerializeToString()


def records(sent: Sequence[Sent], shards: int, partitions: int) -> list[list[Record]]:
    """What is in each partition of the topic of exports, with ticks in each second and after the last."""
    found: list[list[Record]] = [[] for _ in range(partitions)]
    last = max(second for _, second, _ in sent)
    for second in range(last + 30):
        for number, partition in enumerate(found):
            end = BEGIN + (second + 1) * SECOND + round(LATER[number] * SECOND)
            for each in sent:
                if each[1] == second:
                    for shard in range(number, shards, partitions):
                        key = shard_key("", each[0], shard, shards).encode()
                        partition.append(Record(len(partition), end, body(each, shard, shards), key))
            partition.append(Record(len(partition), end + SECOND // 2, b""))
    return found


def partials(sent: Sequence[Sent], shards: int, partitions: int) -> list[list[Partial]]:
    """What each partition says, in order."""
    stage = stages.shards("exports", "", BUILT_IN, OPTIONS, Bounds(), 10 * SECOND)
    found = []
    for number, own in enumerate(records(sent, shards, partitions)):
        partition = stage.new_partition(number, 0, Apart())
        found.append([partial for record in own for partial in partition.take(record).partials])
    return found


def mixed(said: Sequence[list[Partial]], seed: int) -> list[Record]:
    """As they come to the topic of partials: each partition's in order, and some of them twice."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    left, found = [list(each) for each in said], list[Record]()
    before: list[list[Partial]] = []
    while any(left):
        own = chance.choice([each for each in left if each])
        some = own[: chance.randrange(1, 4)]
        del own[: len(some)]
        before.append(some)
        bodies = [pack_partials(some)]
        if chance.random() < 0.2:
            bodies.append(pack_partials(chance.choice(before)))
        found += [Record(len(found) + n, BEGIN, each) for n, each in enumerate(bodies)]
    return found


def joined() -> Partition:
    return stages.join("partials", "", BUILT_IN, OPTIONS, JoinBounds()).new_partition(0, 0, Apart())


def samples(emissions: Iterable[Emission]) -> Samples:
    found: Samples = {}
    for emission in emissions:
        add_samples(found, ExportMetricsServiceRequest.FromString(encode(emission, "a")))
    return found


def one_processor(sent: Sequence[Sent]) -> Samples:
    shard, emissions = Shard(lambda: Engine(BUILT_IN, OPTIONS)), list[Emission]()
    last = max(second for _, second, _ in sent)
    for second in range(last + 30):
        now = BEGIN + (second + 1) * SECOND
        for each in sent:
            if each[1] == second:
                shard.take(decode(body(each, 0, 1), now).exports, now)
        emissions += shard.tick(now)
    return samples(emissions)


# What is drawn is a seed: there is nothing simpler to be found.
@pytest.mark.slow
@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32), st.sampled_from([(1, 1), (8, 4), (3, 2), (8, 1)]))
def test_shards_on_partitions_say_what_one_processor_says(seed: int, layout: tuple[int, int]) -> None:
    sent = traffic(seed)
    taken = mixed(partials(sent, *layout), seed)
    partition, emissions = joined(), list[Emission]()
    for record in taken:
        step = partition.take(record)
        assert (step.late, step.incomplete) == (0, 0)
        emissions += step.emissions
        if record.offset % 7 == 3:
            partition = loaded(partition)
    assert not partition.waits
    assert samples(emissions) == one_processor(sent)


def loaded(partition: Partition) -> Partition:
    found = joined()
    found.load(unpack(pack(partition.dump())))
    return found


@pytest.mark.slow
def test_what_is_no_partial_is_told_and_the_rest_goes_on() -> None:
    sent = traffic(1)
    partition, emissions = joined(), list[Emission]()
    for record in mixed(partials(sent, 2, 2), 1):
        step = partition.take(Record(record.offset * 2, record.time, b"no partial"))
        assert step.malformed is not None
        emissions += partition.take(Record(record.offset * 2 + 1, record.time, record.body)).emissions
    assert samples(emissions) == one_processor(sent)


def test_time_that_passes_closes_what_waits_for_a_shard_that_is_never_heard() -> None:
    own, _ = partials(traffic(1), 2, 2)
    partition = joined()
    for offset, partial in enumerate(own):
        partition.take(Record(offset, BEGIN, pack_partials([partial])))
    assert partition.waits
    assert partition.take(Record(len(own), BEGIN + 120 * SECOND, b"")).incomplete == 0
    last = partition.take(Record(len(own) + 1, BEGIN + 121 * SECOND, b""))
    windows = {(each.emission.service, each.emission.time) for each in own if each.emission.contribution is not None}
    assert last.incomplete == len(windows)
    assert not partition.waits


def test_after_a_brokers_clock_was_set_back_nobody_is_waited_for_longer_than_before() -> None:
    own, _ = partials(traffic(1), 2, 2)
    partition = joined()
    for offset, partial in enumerate(own):
        partition.take(Record(offset, BEGIN + 3600 * SECOND, pack_partials([partial])))
    assert partition.take(Record(len(own), BEGIN, b"")).incomplete == 0
    assert partition.take(Record(len(own) + 1, BEGIN + 120 * SECOND, b"")).incomplete == 0
    assert partition.take(Record(len(own) + 2, BEGIN + 121 * SECOND, b"")).incomplete > 0
    assert not partition.waits


def test_a_record_that_makes_the_join_raise_is_told_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Join.take

    def fragile(join: Join, partial: Partial, now: int) -> object:
        if partial.source == "poison":
            raise ArithmeticError
        return take(join, partial, now)

    monkeypatch.setattr(Join, "take", fragile)
    (own,) = partials(traffic(1), 1, 1)
    partition = joined()
    record = Record(0, BEGIN, pack_partials([Partial("poison", (), own[0].emission)]))
    with pytest.raises(DefectError) as met:
        partition.take(record)
    apart = Apart()
    met.value.set_apart(apart)
    again = PartialsPartition(Join(BUILT_IN), 0, apart)
    assert again.take(record).apart
    assert again.take(Record(1, BEGIN, pack_partials([own[0]]))).emissions
