"""The two stages of a worker: exports become partials of each shard, and partials the metrics of a service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.engine import Engine
from reduse.processor.core.join import Join, JoinBounds
from reduse.processor.core.options import Options
from reduse.processor.core.plugin import Processor
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.kafka.exports_partition import ExportsPartition
from reduse.processor.kafka.partials_partition import PartialsPartition
from reduse.processor.kafka.partition import Apart, Partition
from reduse.processor.kafka.settings import KafkaSettings, WorkerSettings
from reduse.processor.settings import nanoseconds

# The shards of an export are sent one after the other.
SETTLING = NANOSECONDS
# Makes the partition of a number, whose first record has an offset, without what is set apart.
NewPartition = Callable[[int, int, Apart], Partition]


@dataclass(frozen=True, slots=True)
class Stage:
    """The topic whose partitions are taken, and where the states of these are."""

    topic: str
    state_topic: str
    new_partition: NewPartition

    def place(self, number: int) -> str:
        """Names a partition, to people and in metrics."""
        return f"{self.topic}/{number}"


def both(kafka: KafkaSettings, own: WorkerSettings, kinds: Sequence[type[Processor]]) -> tuple[Stage, Stage]:
    """As they are set."""
    future, bounds = nanoseconds(own.future_seconds), JoinBounds(nanoseconds(kafka.join_wait_seconds))
    return (
        shards(kafka.exports_topic, kafka.state_topic, kinds, own.options, own.bounds, future),
        join(kafka.partials_topic, kafka.joined_state_topic, kinds, own.options, bounds),
    )


def shards(
    topic: str, state_topic: str, kinds: Sequence[type[Processor]], options: Options, bounds: Bounds, future: int
) -> Stage:
    """Of the topic of exports. `future` (ns): how far ahead of its record a point may be."""
    bounds = replace(bounds, settling=SETTLING)
    summed = [kind for kind in kinds if not kind.of_joined_window]

    def new_partition(number: int, begin: int, apart: Apart) -> Partition:
        shard = Shard(lambda: Engine(summed, options, bounds, joined=True))
        return ExportsPartition(shard, f"{topic}/{number}", begin, future, apart)

    return Stage(topic, state_topic, new_partition)


def join(topic: str, state_topic: str, kinds: Sequence[type[Processor]], options: Options, bounds: JoinBounds) -> Stage:
    """Of the topic of partials."""
    return Stage(
        topic,
        state_topic,
        lambda _, begin, apart: PartialsPartition(Join(kinds, options, bounds), begin, apart),
    )
