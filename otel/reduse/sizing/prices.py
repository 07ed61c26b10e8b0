"""What it costs a month, at list prices that the reader can change."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reduse.sizing.formula import MOST_USE, Sized

HOURS = 730
_SECONDS = HOURS * 3600


@dataclass(frozen=True)
class Prices:
    """US dollars. The defaults are the list prices of Amazon Web Services in us-east-1, March 2026, on demand: Fargate
    (Linux on x86) for CPU and memory, EBS gp3 for disks, and transfer between availability zones, both directions."""

    core_hour: float = 0.04048
    gb_hour: float = 0.004445
    disk_gb_month: float = 0.08
    transfer_gb: float = 0.02
    # Of what is sent from one part to another: with three zones two thirds end in another zone.
    transfer_share: float = 2 / 3


@dataclass(frozen=True, slots=True)
class Monthly:
    """US dollars a month."""

    workers: float
    brokers: float
    disks: float
    transfer: float

    @property
    def total(self) -> float:
        return self.workers + self.brokers + self.disks + self.transfer


# A broker's memory: its heap and the cache of what was written last, which workers read.
BROKER_GB = 8.0
BROKER_LEAST_CORES = 1.0


def monthly(sized: Sized, workers: int, replicas: int, prices: Prices) -> Monthly:
    """A worker has a core and its part of the memory; brokers, as many as replicas or more, are used up to MOST_USE."""
    brokers = max(replicas, math.ceil(sized.broker_cores / MOST_USE))
    moved = sized.exports_mb_per_second + sized.broker_in_mb_per_second + sized.metrics_mb_per_second
    gigabytes = moved * _SECONDS / 1000
    return Monthly(
        workers=HOURS * (workers * prices.core_hour + sized.memory_gb * prices.gb_hour),
        brokers=HOURS * brokers * (BROKER_LEAST_CORES * prices.core_hour + BROKER_GB * prices.gb_hour),
        disks=sized.disk_gb * prices.disk_gb_month,
        transfer=gigabytes * prices.transfer_share * prices.transfer_gb,
    )
