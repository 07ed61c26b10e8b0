"""One partition of the topic of exports: its shard, and what becomes of each record. No clock, no Kafka.

What comes of the records depends on them and on their times alone, so that it comes again when they are taken again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.engine import Emission, Outcome
from reduse.processor.core.shard import ServiceDefectError, Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.kafka.record import Record
from reduse.processor.otlp.decoding import Decoded, decode

STATE_FORMAT = 1
# Windows are looked at no more often than so, of the broker's time, and whenever a tick comes.
TICK = NANOSECONDS // 10
# With ticks each second, nothing at all for so long says that nobody could write or read: who was heard before it has
# time to come back.
AWAY = 10 * NANOSECONDS


# With more of them it is not the records that are wrong.
APART_LIMIT = 100


@dataclass(slots=True)
class Apart:
    """What made the core raise, by offset: records whose points are not counted, and services that begin anew there."""

    points: set[int] = field(default_factory=set)
    services: dict[int, set[str]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        return len(self.points) + sum(map(len, self.services.values())) >= APART_LIMIT

    def forget(self, before: int) -> None:
        """A snapshot holds what came of them."""
        self.points = {offset for offset in self.points if offset >= before}
        self.services = {offset: names for offset, names in self.services.items() if offset >= before}


class DefectError(Exception):
    """A record made the core raise: the partition is of no use, and is to be made anew, with what raised set apart."""

    def __init__(self, record: Record, points: Counter[str], service: str | None) -> None:
        super().__init__(f"the record at offset {record.offset} met a defect of the processor")
        self.record = record
        # How many points of which service are in it.
        self.points = points
        # Whose windows could not be closed; None: it is the points.
        self.service = service

    def set_apart(self, apart: Apart) -> None:
        if self.service is None:
            apart.points.add(self.record.offset)
        else:
            apart.services.setdefault(self.record.offset, set()).add(self.service)


@dataclass(slots=True)
class Step:
    """What came of one record.

    `malformed`: it is no export request. `apart`: it is one of those set apart. `anew`: a service begins anew.
    """

    points: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    emissions: list[Emission] = field(default_factory=list)
    malformed: Exception | None = None
    apart: bool = False
    anew: bool = False
    ticked: bool = False


class Partition:
    def __init__(self, shard: Shard, begin: int, future: int, apart: Apart | None = None) -> None:
        """`begin`: offset of the first record. `future` (ns): how far ahead of its record a point may be."""
        self.shard = shard
        # Of the record that comes next.
        self.next = begin
        self._future = future
        self._apart = apart or Apart()
        self._time = 0
        self._ticked = 0
        # Whether anything came since the last tick.
        self.unticked = False

    @property
    def time(self) -> int:
        """Of the last record (Unix ns); 0 before the first."""
        return self._time

    @property
    def waits(self) -> bool:
        """Whether the passing of time has something to do here."""
        return self.unticked or self.shard.engine.streams > 0

    def take(self, record: Record) -> Step:
        """Raises DefectError."""
        step, exports = Step(), []
        now = max(self._time, record.time)
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
        shard = record.shard.number
        return [_of_shard(export, shard) for export in decoded.exports]

    def _count(self, exports: list[Export], now: int, step: Step) -> None:
        if not self._time:
            # The others that are there have time to be heard before the first window closes.
            self._ticked = now
        elif now - self._time >= AWAY and self.shard.engine.streams:
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
        if not record.body or now - self._ticked >= TICK:
            step.emissions += self.shard.tick(now)
            step.ticked = True
            self._ticked, self.unticked = now, False

    def dump(self) -> dict[str, Any]:
        """To be packed before anything else happens: its arrays may be those in use."""
        return {
            "format": STATE_FORMAT,
            "next": self.next,
            "time": self._time,
            "ticked": self._ticked,
            "unticked": self.unticked,
            "shard": self.shard.dump(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Into a new one. Raises ValueError when it cannot read the format."""
        if state["format"] != STATE_FORMAT:
            raise ValueError(f"the snapshot has format {state['format']}, this version reads {STATE_FORMAT}")
        self.next, self._time, self._ticked = state["next"], state["time"], state["ticked"]
        self.unticked = state["unticked"]
        self.shard.load(state["shard"])


def _of_shard(export: Export, shard: int) -> Export:
    """The export as one of a stream of its shard: each shard's stream says by itself what has come of it.

    A partition may have several shards of one service, and each has the unidentified point of the same export.
    """
    if not shard:
        return export
    service, instance = export.stream
    return replace(export, stream=Stream(service, f"{instance}#{shard}"))
