"""One partition of the topic of exports: a shard, which closes windows of its users.

What is said of a window are partials: others may have users of the same service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.engine import Emission
from reduse.processor.core.partial import Partial
from reduse.processor.core.shard import ServiceDefectError, Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import WINDOW
from reduse.processor.kafka.partition import Apart, DefectError, Partition, Step
from reduse.processor.kafka.record import Record
from reduse.processor.otlp.decoding import Decoded, decode
from reduse.wire import ShardNumber, shard_number

# Windows are looked at no more often than so, of the broker's time, and whenever a tick comes.
TICK = NANOSECONDS // 10
# With ticks each second, nothing at all for so long says that nobody could write or read: who was heard before it has
# time to come back.
AWAY = 10 * NANOSECONDS
# A time before all records.
_LONG_AGO = 1
# Of as many streams as there may be, with shards of two numbers.
_NAMES_KEPT = 65_536


class ExportsPartition(Partition):
    def __init__(self, shard: Shard, place: str, begin: int, future: int, apart: Apart | None = None) -> None:
        """`place`: as who it says partials. `future` (ns): how far ahead of its record a point may be."""
        super().__init__(begin, apart)
        self.shard = shard
        self._place = place
        self._future = future
        self._ticked = 0

    @property
    def waits(self) -> bool:
        return self.unticked or self.shard.engine.streams > 0

    def take(self, record: Record) -> Step:
        step, exports = Step(), []
        now = self._now(record)
        if record.offset in self._apart.points:
            step.apart = True
        elif record.body:
            exports = self._decode(record, now, step)
        try:
            self._count(exports, now, step)
            self._tick(record, now, step)
        except MemoryError:
            raise
        except Exception as error:
            points: Counter[str] = Counter()
            for export in exports:
                points[export.stream.service] += len(export)
            service = error.service if isinstance(error, ServiceDefectError) else None
            raise DefectError(record, points, service) from error
        self._time, self.next = now, record.offset + 1
        return step

    def _decode(self, record: Record, now: int, step: Step) -> list[Export]:
        try:
            decoded: Decoded = decode(record.body, now + self._future)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a sender's bytes do, the others go on
            step.malformed = error
            return []
        step.points = decoded.points + decoded.refusals.counts.total()
        step.outcome.refusals.update(decoded.refusals)
        shard = record.shard
        return [_of_shard(export, shard) for export in decoded.exports]

    def _count(self, exports: list[Export], now: int, step: Step) -> None:
        if not self._time:
            # The others that are there have time to be heard before the first window closes.
            self._ticked = now
        elif abs(now - self._time) >= AWAY and self.shard.engine.streams:
            self.shard.resume(now)
        if exports:
            outcome = self.shard.take(exports, now)
            outcome.refusals.update(step.outcome.refusals)
            step.outcome = outcome
            self.unticked = True

    def _tick(self, record: Record, now: int, step: Step) -> None:
        for service in sorted(self._apart.services.get(record.offset, ())):
            self.shard.give_up(service)
            step.anew = True
        if not record.body or abs(now - self._ticked) >= TICK:
            step.partials += map(self._partial, self.shard.tick(now))
            step.ticked = True
            self._ticked, self.unticked = now, False

    def _partial(self, emission: Emission) -> Partial:
        if emission.contribution is None:
            return Partial(self._place, (), emission)
        instances = self.shard.engine.instances(emission.service, emission.time - WINDOW)
        return Partial(self._place, tuple(sorted(set(map(_number, instances)))), emission)

    def dump(self) -> dict[str, Any]:
        """To be packed before anything else happens: its arrays may be those in use."""
        return {**super().dump(), "ticked": self._ticked, "shard": self.shard.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Into a new one. Raises NewerFormatError, ValueError."""
        super().load(state)
        self._ticked = state["ticked"]
        self.shard.load(state["shard"])

    def adopt(self, state: Mapping[str, Any]) -> None:
        """Into a new one, the state of a shard of another host. Whoever was heard there has time to be heard here.

        Raises NewerFormatError, ValueError.
        """
        self.shard.load(state)
        self._time, self.unticked = _LONG_AGO, True


def _of_shard(export: Export, shard: ShardNumber) -> Export:
    """The export as one of a stream of its shard: each shard's stream says by itself what has come of it.

    A partition may have several shards of one service, and each has the unidentified point of the same export.
    """
    columns = export.kinds, export.users, export.counts, export.microseconds
    stream = _stream_of(export.stream, shard)
    return Export(stream, export.start, export.time, *columns, export.starts, export.request_class)


@lru_cache(_NAMES_KEPT)
def _stream_of(stream: Stream, shard: ShardNumber) -> Stream:
    return Stream(stream.service, stream_name(stream.instance, shard))


def stream_name(instance: str, shard: ShardNumber) -> str:
    return f"{instance}#{shard.number}/{shard.shards}"


@lru_cache(_NAMES_KEPT)
def _number(instance: str) -> ShardNumber:
    """Of a stream that was named so."""
    return shard_number(instance.encode())
