"""What a processor's own metrics show of its engines: one on a server, one of each partition on Kafka."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from reduse.processor.core.engine import Engine
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.instruments import Status


def status_of(
    engines: Collection[Engine],
    now: int,
    *,
    state_bytes: int,
    quarantined: Mapping[str, int],
    damaged: int,
    other_failures: Iterable[Mapping[str, int]] = (),
) -> Status:
    """Of all engines together; of a service in several the one that lags most. What only one host has it adds itself.

    Args:
        engines: see above.
        now: in Unix ns.
        state_bytes: of what is stored.
        quarantined: what was set apart, by kind.
        damaged: states that could not be read.
        other_failures: of processors that run beside the engines, how often each has failed.
    """
    marks: dict[str, int] = {}
    failures: Counter[str] = Counter()
    for counts in (*(engine.failures for engine in engines), *other_failures):
        failures.update(counts)
    for engine in engines:
        for name, mark in engine.watermarks(now).items():
            marks[name] = min(mark, marks.get(name, mark))
    return Status(
        watermark_lag={name: (now - mark) / NANOSECONDS for name, mark in marks.items()},
        streams=sum(engine.streams for engine in engines),
        services=sum(engine.services for engine in engines),
        open_rows=sum(engine.open_rows for engine in engines),
        repeat_bytes=sum(engine.repeat_words * 8 for engine in engines),
        users_dropped=sum(engine.dropped_users for engine in engines),
        failures=failures,
        state_bytes=state_bytes,
        quarantined=dict(quarantined),
        damaged=damaged,
    )
