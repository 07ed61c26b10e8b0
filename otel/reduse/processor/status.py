"""What a processor's own metrics show of its engines: one on a server, one of each partition on Kafka."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from reduse.processor.core.engine import Engine
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.instruments import Status


def status_of(engines: Collection[Engine], now: int) -> Status:
    """`now` in Unix ns. Of all together; of a service in several the one that lags most. The host adds its own."""
    marks: dict[str, int] = {}
    failures: Counter[str] = Counter()
    for engine in engines:
        failures.update(engine.failures)
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
    )
