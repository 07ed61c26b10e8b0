"""The last stage: a service's shards as one, which says what one processor of all its users would say.

    join = Join(BUILT_IN, options)
    joined = join.take(partial, now)

What comes out depends on what is taken, its order and its times alone. What is said again is known by its source and
time. Windows of a service close in order; see `joined_service` for when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reduse.processor.core.engine import Emission
from reduse.processor.core.format_check import check_format
from reduse.processor.core.isolated import Failures, Isolated
from reduse.processor.core.joined_service import JoinedService, Source
from reduse.processor.core.options import Options
from reduse.processor.core.partial import Partial
from reduse.processor.core.plugin import Processor
from reduse.processor.core.units import NANOSECONDS

STATE_FORMAT = 1


@dataclass(frozen=True, slots=True)
class JoinBounds:
    """Times in ns.

    `wait`: how long a window that one shard has closed waits for the others; what comes later is counted in the next
    window. `rows`: of a service's windows that wait, 24 bytes each; beyond, the oldest close. `forget`: a service that
    ended so long ago is forgotten.
    """

    wait: int = 120 * NANOSECONDS
    rows: int = 2_000_000
    forget: int = 3600 * NANOSECONDS


@dataclass(slots=True)
class Joined:
    """What came of a partial: `incomplete` windows closed without some shard; `late`, it is of a closed window."""

    emissions: list[Emission] = field(default_factory=list)
    incomplete: int = 0
    late: bool = False
    repeated: bool = False


class Join:
    """Services are as many as shards speak of, each of which bounds its own; sources of a service as many as shards."""

    def __init__(
        self, kinds: Sequence[type[Processor]], options: Options | None = None, bounds: JoinBounds | None = None
    ) -> None:
        """`kinds`: all processors, of which those `of_joined_window` run here."""
        self._kinds = tuple(kind for kind in kinds if kind.of_joined_window)
        self._options = options or Options()
        self._bounds = bounds or JoinBounds()
        self._services: dict[str, JoinedService] = {}
        self._failures = Failures()
        self._looked = 0

    def take(self, partial: Partial, now: int) -> Joined:
        """`now` (Unix ns) goes back after `set_back` only."""
        service = self._service(partial.emission.service)
        source = service.sources.setdefault(partial.source, Source())
        if partial.emission.time <= source.time:
            return Joined(repeated=True)
        late = service.take(partial, now)
        joined = self._close(service, now)
        joined.late = late
        self._look(now)
        return joined

    def tick(self, now: int) -> Joined:
        """Time has come to `now`: whoever waits for too long closes."""
        joined = Joined()
        for service in self._services.values():
            if service.times:
                closed = self._close(service, now)
                joined.emissions += closed.emissions
                joined.incomplete += closed.incomplete
        self._look(now)
        return joined

    def set_back(self, now: int) -> None:
        """The clock was: what it says was heard later was heard by now."""
        self._looked = min(self._looked, now)
        for service in self._services.values():
            service.set_back(now)

    def _close(self, service: JoinedService, now: int) -> Joined:
        closed = list(service.close(service.complete_through()))
        waiting = len(service.windows)
        without = list(service.close(service.waited_through(now - self._bounds.wait, self._bounds.rows)))
        return Joined([*closed, *without], incomplete=waiting - len(service.windows))

    def _service(self, name: str) -> JoinedService:
        service = self._services.get(name)
        if service is None:
            processors = tuple(Isolated(kind, self._options, self._failures) for kind in self._kinds)
            service = self._services[name] = JoinedService(name, processors)
        return service

    def _look(self, now: int) -> None:
        """For who ended long ago: as often as it makes a difference."""
        if now - self._looked < self._bounds.forget // 60:
            return
        self._looked = now
        before = now - self._bounds.forget
        for service in list(self._services.values()):
            service.forget(before)
            if not service.sources:
                del self._services[service.name]

    @property
    def failures(self) -> Mapping[str, int]:
        """Of each processor that has failed, how often."""
        return self._failures.counts

    @property
    def waiting(self) -> int:
        """Windows that wait for some shard."""
        return sum(len(service.windows) for service in self._services.values())

    def dump(self) -> dict[str, Any]:
        """The whole state, to be packed before anything else happens: its arrays may be those in use."""
        return {
            "format": STATE_FORMAT,
            "looked": self._looked,
            "services": [service.dump() for service in self._services.values()],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Into a new one, what a `dump` gave. Raises NewerFormatError, ValueError."""
        check_format("the joined state", state["format"], STATE_FORMAT)
        self._looked = state["looked"]
        for saved in state["services"]:
            self._service(saved["name"]).load(saved)
