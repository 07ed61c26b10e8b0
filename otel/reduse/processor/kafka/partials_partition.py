"""One partition of the topic of partials: of each service in it all shards are joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.join import Join, Joined
from reduse.processor.core.partial import Partial, unpack_partials
from reduse.processor.kafka.partition import Apart, DefectError, Partition, Step
from reduse.processor.kafka.record import Record


class PartialsPartition(Partition):
    def __init__(self, join: Join, begin: int, apart: Apart | None = None) -> None:
        super().__init__(begin, apart)
        self._join = join

    @property
    def waits(self) -> bool:
        return self.waiting > 0

    @property
    def waiting(self) -> int:
        """Windows that wait for some shard."""
        return self._join.waiting

    @property
    def failures(self) -> Mapping[str, int]:
        """Of each processor that has failed here, how often."""
        return self._join.failures

    def take(self, record: Record) -> Step:
        step = Step()
        now = self._now(record)
        if now < self._time:
            self._join.set_back(now)
        if record.offset in self._apart.points:
            step.apart = True
        else:
            partials = self._read(record, step)
            try:
                for partial in partials:
                    _count(step, self._join.take(partial, now))
                if not record.body:
                    _count(step, self._join.tick(now))
            except MemoryError:
                raise
            except Exception as error:
                raise DefectError(record, Counter(), None) from error
            step.taken = len(partials)
        self._time, self.next = now, record.offset + 1
        return step

    @staticmethod
    def _read(record: Record, step: Step) -> list[Partial]:
        try:
            return unpack_partials(record.body) if record.body else []
        except (MemoryError, NewerFormatError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is in it, the others go on
            step.malformed = error
            return []

    def dump(self) -> dict[str, Any]:
        """To be packed before anything else happens: its arrays may be those in use."""
        return {**super().dump(), "join": self._join.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Into a new one. Raises NewerFormatError, ValueError."""
        super().load(state)
        self._join.load(state["join"])

    def adopt(self, state: Mapping[str, Any]) -> None:
        """Into a new one, the state of a join of another host. Raises NewerFormatError, ValueError."""
        self._join.load(state)


def _count(step: Step, joined: Joined) -> None:
    step.emissions += joined.emissions
    step.incomplete += joined.incomplete
    step.late += joined.late
    step.repeated += joined.repeated
