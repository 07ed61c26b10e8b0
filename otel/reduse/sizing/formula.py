"""What follows from demand and costs by multiplication: CPU, memory, bytes. `simulation` is for uneven loads."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reduse.sizing.costs import Costs
from reduse.sizing.demand import Demand

# Of a core: above it a worker that takes over from others has no room for what has piled up.
MOST_USE = 0.6
# A shard is to be a small part of what a worker may have, or shards cannot be shared out evenly.
SHARD_USE = MOST_USE / 4
MOST_SHARDS = 256
# What a partition keeps by default (REDUSE_PROCESSOR_...): services, users of a service within an hour and in a window.
SERVICES, ACTIVE_USERS, WINDOW_USERS = 100, 1_000_000, 200_000
DAY = 86_400
_GB = 1e9


@dataclass(frozen=True)
class Kept:
    """What Kafka keeps: how many copies, and the topics of exports and of metrics for so many seconds."""

    replicas: int = 3
    retention_seconds: float = DAY


@dataclass(frozen=True, slots=True)
class Sized:
    """CPU in cores, memory and disk in GB (10⁹ bytes), network in MB a second; all workers and brokers together."""

    requests_per_second: float
    points_per_second: float
    windows_per_second: float
    worker_cores: float
    least_workers: int
    broker_cores: float
    memory_gb: float
    state_gb: float
    exports_mb_per_second: float
    metrics_mb_per_second: float
    broker_in_mb_per_second: float
    broker_out_mb_per_second: float
    exports_topic_gb: float
    metrics_topic_gb: float
    state_topic_gb: float

    @property
    def disk_gb(self) -> float:
        return self.exports_topic_gb + self.metrics_topic_gb + self.state_topic_gb


def shards_of(demand: Demand, costs: Costs) -> list[int]:
    """REDUSE_USER_SHARDS of each service, the largest service first: the least power of two with which a shard is at
    most SHARD_USE of a core, and has no more users than a partition keeps."""
    cores = demand.points * costs.kafka_worker_working_us / 1e6
    # Of all services, in shards.
    most = max(cores / SHARD_USE, demand.users / ACTIVE_USERS, demand.users_in_window / WINDOW_USERS)
    return [min(2 ** math.ceil(math.log2(max(share * most, 1))), MOST_SHARDS) for share in demand.shares()]


def size(demand: Demand, costs: Costs, kept: Kept, workers: int) -> Sized:
    """`workers`: how many share the work; their number has no part in the CPU, but each has memory of its own."""
    if workers < 1:
        raise ValueError("there is at least one worker")
    windows = float(sum(shards_of(demand, costs)))
    cores = demand.points * costs.kafka_worker_working_us / 1e6 + windows * costs.window_ms / 1e3
    exports = demand.points * costs.bytes_per_point
    metrics = demand.services * costs.metrics_bytes_per_window
    state = demand.users * costs.state_bytes_per_user
    # Each replica takes what is written; one is read from, by workers and gateways, and copied by the others.
    taken = (exports + metrics) * kept.replicas
    given = (exports + metrics) * kept.replicas
    return Sized(
        requests_per_second=demand.requests,
        points_per_second=demand.points,
        windows_per_second=windows,
        worker_cores=cores,
        least_workers=max(math.ceil(cores / MOST_USE), 1),
        broker_cores=demand.points * costs.broker_us / 1e6 * kept.replicas,
        memory_gb=(workers * costs.worker_base_bytes + demand.users * costs.resident_bytes_per_user) / _GB,
        state_gb=state / _GB,
        exports_mb_per_second=exports / 1e6,
        metrics_mb_per_second=metrics / 1e6,
        broker_in_mb_per_second=taken / 1e6,
        broker_out_mb_per_second=given / 1e6,
        exports_topic_gb=exports * kept.retention_seconds * kept.replicas / _GB,
        metrics_topic_gb=metrics * kept.retention_seconds * kept.replicas / _GB,
        # The newest snapshot, and the one that is being written.
        state_topic_gb=2 * state * kept.replicas / _GB,
    )
