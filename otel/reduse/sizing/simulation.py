"""What no formula says: services differ in size, shards are hashed to partitions, and partitions dealt to workers.

The same seed gives the same: services get their names, and so their partitions, by it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from reduse.partitioner import hash_of
from reduse.sizing.costs import Costs
from reduse.sizing.demand import Demand
from reduse.sizing.formula import shards_of
from reduse.wire import shard_key

# Which partitions a worker has is chance: so many times they are dealt, and the worst counts.
DEALS = 10
# The broker's bound on a name is far above it.
_NAME_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Load:
    """Cores, users whose state is there, and shards of services."""

    cores: float = 0.0
    users: float = 0.0
    shards: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.cores + other.cores, self.users + other.users, self.shards + other.shards)


@dataclass(frozen=True, slots=True)
class Keyed:
    """One shard of a service: the hash of its records' key, and what it costs."""

    hashed: int
    load: Load


def keyed(demand: Demand, costs: Costs, seed: int) -> list[Keyed]:
    """All shards of all services: a service's users are shared evenly among its shards, as pseudonyms are hashes."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    found = []
    for share, shards in zip(demand.shares(), shards_of(demand, costs), strict=True):
        name = f"service-{chance.getrandbits(4 * _NAME_DIGITS):0{_NAME_DIGITS}x}"
        cores = share * demand.points / shards * costs.kafka_worker_working_us / 1e6 + costs.window_ms / 1e3
        load = Load(cores, share * demand.users / shards, 1)
        found += [Keyed(hash_of(shard_key("", name, shard, shards).encode()), load) for shard in range(shards)]
    return found


def by_partition(shards: Sequence[Keyed], partitions: int) -> list[Load]:
    found = [Load()] * partitions
    for shard in shards:
        found[shard.hashed % partitions] += shard.load
    return found


def deal(partitions: int, workers: int, seed: int) -> list[list[int]]:
    """The partitions of each worker: as many for each, or one more, whatever is in them, as the group does it. Which
    they are follows from who came when, and so from the seed."""
    numbers = list(range(partitions))
    random.Random(seed).shuffle(numbers)  # noqa: S311 - to be the same each time
    return [sorted(numbers[worker::workers]) for worker in range(workers)]


def by_worker(loads: Sequence[Load], dealt: Sequence[Sequence[int]]) -> list[Load]:
    return [sum((loads[number] for number in numbers), Load()) for numbers in dealt]


@dataclass(frozen=True, slots=True)
class Spread:
    """How evenly so many partitions share the work. Uses are of one core: of the most loaded worker in the worst of
    several deals, and of all in the mean; `most_users` likewise."""

    partitions: int
    workers: int
    most_use: float
    mean_use: float
    most_users: float
    # In one partition.
    most_shards: int


def spread(shards: Sequence[Keyed], partitions: int, workers: int, seed: int) -> Spread:
    loads = by_partition(shards, partitions)
    dealt = [by_worker(loads, deal(partitions, workers, seed + number)) for number in range(DEALS)]
    return Spread(
        partitions,
        workers,
        max(load.cores for each in dealt for load in each),
        math.fsum(load.cores for load in loads) / workers,
        max(load.users for each in dealt for load in each),
        max(load.shards for load in loads),
    )
