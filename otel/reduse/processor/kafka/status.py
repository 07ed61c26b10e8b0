"""What a worker's own metrics show of its partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from reduse.processor.core.units import NANOSECONDS
from reduse.processor.instruments import Status
from reduse.processor.kafka.assignment import Assigned
from reduse.processor.kafka.exports_partition import ExportsPartition


def status(assigned: Collection[Assigned], now: int, quarantined: Mapping[str, int], damaged: int) -> Status:
    """`now` in Unix ns. Of all partitions together; of a service in several the one that lags most."""
    shards = (each.partition for each in assigned if isinstance(each.partition, ExportsPartition))
    engines = [partition.shard.engine for partition in shards]
    marks: dict[str, int] = {}
    failures: Counter[str] = Counter()
    for each in assigned:
        failures.update(each.partition.failures)
    for engine in engines:
        for name, mark in engine.watermarks(now).items():
            marks[name] = min(mark, marks.get(name, mark))
    return Status(
        watermark_lag={name: (now - mark) / NANOSECONDS for name, mark in marks.items()},
        streams=sum(engine.streams for engine in engines),
        services=sum(engine.services for engine in engines),
        open_rows=sum(engine.open_rows for engine in engines),
        repeat_bytes=sum(engine.repeat_words * 8 for engine in engines),
        state_bytes=sum(each.pointer.size for each in assigned),
        users_dropped=sum(engine.dropped_users for engine in engines),
        failures=failures,
        quarantined=dict(quarantined),
        damaged=damaged,
    )
