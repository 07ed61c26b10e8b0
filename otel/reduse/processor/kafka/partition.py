"""A partition of a topic that workers take: what becomes of each record, whichever topic it is. No clock, no Kafka.

What comes of the records depends on them and on their times alone, so that it comes again when they are taken again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reduse.processor.core.engine import Emission, Outcome
from reduse.processor.core.format_check import check_format
from reduse.processor.core.partial import Partial
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.kafka.record import Record

STATE_FORMAT = 2
# With more of them it is not the records that are wrong.
APART_LIMIT = 100
# Clocks of brokers are less apart: after a change of leaders a record may be so much earlier than the one before it.
SET_BACK = 10 * NANOSECONDS


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
    """What came of one record: `partials` for who joins them, `emissions` that are sent. `ticked`: time was looked at.

    `malformed`: it is nothing that belongs into the topic. `apart`: it is one of those set apart. `anew`: a service
    begins anew. Of partials that were taken `repeated` were known and `late` are counted in a later window;
    `incomplete` windows closed without some shard.
    """

    points: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    partials: list[Partial] = field(default_factory=list)
    emissions: list[Emission] = field(default_factory=list)
    malformed: Exception | None = None
    apart: bool = False
    anew: bool = False
    ticked: bool = False
    taken: int = 0
    repeated: int = 0
    late: int = 0
    incomplete: int = 0


class Partition(ABC):
    """The state of one partition, as far as its records have been taken."""

    def __init__(self, begin: int, apart: Apart | None = None) -> None:
        """`begin`: offset of the first record."""
        # Of the record that comes next.
        self.next = begin
        self._apart = apart or Apart()
        self._time = 0
        # Whether anything came since the last tick.
        self.unticked = False

    @property
    def time(self) -> int:
        """Of the last record (Unix ns); 0 before the first."""
        return self._time

    def _now(self, record: Record) -> int:
        """The broker's time (Unix ns): it does not go back by what brokers differ, but does where it was set back."""
        return record.time if record.time < self._time - SET_BACK else max(self._time, record.time)

    @property
    @abstractmethod
    def waits(self) -> bool:
        """Whether the passing of time has something to do here."""

    @abstractmethod
    def take(self, record: Record) -> Step:
        """Raises DefectError."""

    @abstractmethod
    def adopt(self, state: Mapping[str, Any]) -> None:
        """Into a new one, the state that another host has come to; the records of the partition come after it.

        Raises NewerFormatError, ValueError.
        """

    def dump(self) -> dict[str, Any]:
        """To be packed before anything else happens: its arrays may be those in use."""
        return {"format": STATE_FORMAT, "next": self.next, "time": self._time, "unticked": self.unticked}

    def load(self, state: Mapping[str, Any]) -> None:
        """Into a new one. Raises NewerFormatError, ValueError."""
        check_format("the snapshot", state["format"], STATE_FORMAT)
        self.next, self._time, self.unticked = state["next"], state["time"], state["unticked"]
