"""The core: columns in, state, metrics out.

No clock, no I/O: the same commands in the same order give the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reduse.history.numbers import first_number
from reduse.processor.core.apportion import part_of, windows_of
from reduse.processor.core.bounds import Bounds
from reduse.processor.core.columns import Bool, Export, Int64, Stream, whose
from reduse.processor.core.command import Close, Command, Forget, ForgetService, Resume
from reduse.processor.core.contribution import Candidates, Contribution
from reduse.processor.core.directory import Directory
from reduse.processor.core.formats import STATE_FORMAT
from reduse.processor.core.isolated import Failures, Isolated, of_all
from reduse.processor.core.metric import Metric
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.refusal import Refusal, Refusals
from reduse.processor.core.repeats import Repeats
from reduse.processor.core.service import ServiceState, StreamClock
from reduse.processor.core.window import WINDOW, ClosedWindow, OpenWindow

# Of an export whose points begin together.
_ALIKE: Int64 = np.empty(0, np.int64)


@dataclass(slots=True)
class Outcome:
    """What became of the points of some exports."""

    counted: int = 0
    repeated: int = 0
    late: int = 0
    clipped: int = 0
    # Counted, but under no policy: their service has others, and as many as it may have.
    beyond_policies: Counter[str] = field(default_factory=Counter)
    refusals: Refusals = field(default_factory=Refusals)

    @property
    def refused(self) -> Counter[Refusal]:
        return self.refusals.by_reason


@dataclass(frozen=True, slots=True)
class Emission:
    """Metrics of one service as of `time`; counters count since `started` (Unix ns).

    Of a shard that is joined with others `contribution` has what is not in its metrics, for each closed window.
    `window` is the one that closed, None where nothing is heard any more; of an engine's windows each has the `number`
    after that of the one before.
    """

    service: str
    started: int
    time: int
    metrics: tuple[Metric, ...]
    contribution: Contribution | None = None
    window: ClosedWindow | None = field(default=None, compare=False, repr=False)
    number: int = field(default=0, compare=False, repr=False)


class Engine:
    def __init__(
        self,
        kinds: Sequence[type[Processor]],
        options: Options | None = None,
        bounds: Bounds | None = None,
        *,
        joined: bool = False,
    ) -> None:
        """`joined`: it is a shard, and others have users of the same services (see `contribution`, `join`)."""
        self._kinds = tuple(kinds)
        self._options = options or Options()
        self._joined = joined
        self.bounds = bounds or Bounds()
        self._services: dict[str, ServiceState] = {}
        self._repeats = Repeats(self.bounds.repeat_horizon, self.bounds.repeat_words)
        self.untracked_users = 0
        self._failures = Failures()
        # When anything was heard last.
        self.heard = 0
        # When it was found that nobody can make room: it is so for all that comes at the same time, until a command.
        self._no_room: dict[Refusal, int] = {}
        # Of all services forgotten: the last window that was closed. One of these names may come back.
        self._forgotten_through = -1
        # Of the window that closed last; 0 before the first.
        self._number = 0

    def apply(self, exports: Iterable[Export], now: int) -> Outcome:
        """Count the exports. `now` only tells which streams are alive."""
        outcome = Outcome()
        for export in exports:
            self._apply(export, now, outcome)
        return outcome

    def _apply(self, export: Export, now: int, outcome: Outcome) -> None:
        self.heard = now
        service = self._admit(export.stream, now)
        if isinstance(service, Refusal):
            outcome.refusals.add(export.stream.service, service, len(export))
            return
        complete = _complete_through(export)
        clock = service.streams.get(export.stream.instance)
        if clock is None:
            clock = service.streams[export.stream.instance] = StreamClock(complete, now)
            clock.begin(now, export.start)
        elif self.bounds.settling and not clock.lives(now, self.bounds.idle, self.bounds.interval):
            clock.begin(now, export.start)
        clock.hear(now, complete, export.start, export.time)
        service.heard = now
        fresh, too_old = self._repeats.take(export)
        new = int(np.count_nonzero(fresh))
        if too_old:
            outcome.refusals.add(export.stream.service, Refusal.TOO_OLD, len(export))
            return
        outcome.counted += new
        outcome.repeated += len(export) - new
        if new:
            service.quiet = False
            self._add(service, export, fresh, outcome)

    def _admit(self, stream: Stream, now: int) -> ServiceState | Refusal:
        service = self._services.get(stream.service)
        if service is not None and stream.instance in service.streams:
            return service
        if self.streams >= self.bounds.streams and not self._makes_room(Refusal.TOO_MANY_STREAMS, now):
            return Refusal.TOO_MANY_STREAMS
        if service is None:
            if len(self._services) >= self.bounds.services and not self._makes_room(Refusal.TOO_MANY_SERVICES, now):
                return Refusal.TOO_MANY_SERVICES
            service = self._services[stream.service] = self._new_service(stream.service)
        return service

    def _makes_room(self, bound: Refusal, now: int) -> bool:
        """Whether somebody was silent for so long that no repeat is expected any more: who is so for longest goes."""
        if self._no_room.get(bound) == now:
            return False
        if bound is Refusal.TOO_MANY_STREAMS:
            found: list[tuple[int, Stream | str]] = [
                (abs(now - clock.heard), Stream(service.name, instance))
                for service in self._services.values()
                for instance, clock in service.streams.items()
            ]
        else:
            found = [(abs(now - each.heard), each.name) for each in self._services.values() if each.ended]
        since, longest_silent = max(found, default=(0, ""))
        if since < self.bounds.repeat_horizon:
            self._no_room[bound] = now
            return False
        if isinstance(longest_silent, Stream):
            self._forget_stream(longest_silent)
        else:
            self._forget_service(longest_silent)
        return True

    def _new_service(self, name: str) -> ServiceState:
        service = ServiceState(name, self._processors(), Directory(self._options.user_limit))
        service.closed_through = self._forgotten_through
        if self._joined:
            service.candidates = Candidates(self._options.top_k)
        return service

    def _forget_stream(self, stream: Stream) -> None:
        self._services[stream.service].streams.pop(stream.instance, None)
        self._repeats.forget(stream)

    def _forget_service(self, name: str) -> None:
        service = self._services.pop(name)
        for instance in service.streams:
            self._repeats.forget(Stream(name, instance))
        # What is sent of a window is never sent anew with other values: counters begin again after it.
        self._forgotten_through = max(self._forgotten_through, service.closed_through)

    def _processors(self) -> tuple[Isolated, ...]:
        return tuple(Isolated(kind, self._options, self._failures) for kind in self._kinds)

    def _add(self, service: ServiceState, export: Export, fresh: Bool, outcome: Outcome) -> None:
        earliest = export.time - self.bounds.interval
        begin = max(export.start, earliest)
        if begin > export.start:
            outcome.clipped += _filled(export, fresh & _begun_before(export, earliest))
        windows = windows_of(begin, export.time, WINDOW)
        if windows[0] <= service.closed_through:
            outcome.late += _filled(export, fresh & _begun_before(export, (service.closed_through + 1) * WINDOW))
        starts = _ALIKE
        if export.starts is not None:
            starts = np.maximum(export.starts, earliest)
            windows = windows_of(int(starts[fresh].min()), export.time, WINDOW)
        request_class = export.request_class
        if request_class.policy and not service.admit_policy(request_class.policy, export.time):
            outcome.beyond_policies[service.name] += int(np.count_nonzero(fresh))
            request_class = request_class._replace(policy="")
        columns = export.kinds, export.users, export.counts, export.microseconds, fresh
        for index in windows:
            span = begin, starts, export.time, index * WINDOW, (index + 1) * WINDOW
            of_users, anonymous, overflow = part_of(*columns, *span)
            if index <= service.closed_through and not (len(of_users[0]) or any(anonymous) or any(overflow)):
                continue
            # What comes after its window was closed goes into the next one to close, so that totals are conserved.
            window = service.open_window(max(index, service.closed_through + 1))
            if len(of_users[0]):
                self.untracked_users += window.add(*of_users, self.bounds.window_users, request_class)
            window.anonymous.add(*anonymous)
            window.overflow.add(*overflow)

    def due(self, now: int) -> list[Command]:
        """What the passing of time asks for; `execute` does it."""
        commands: list[Command] = []
        for service in self._services.values():
            watermark = service.watermark(now, self.bounds)
            through = service.through(watermark, self.bounds.open_windows, self.bounds.open_rows)
            goes_quiet = watermark is None and not service.quiet
            if goes_quiet or any(index <= through for index in service.windows):
                commands.append(Close(service.name, through, quiet=watermark is None))
            commands += self._forgettable(service, now)
        return commands

    def _forgettable(self, service: ServiceState, now: int) -> list[Command]:
        # A clock that was set back is no reason to keep for ever what it says was heard in the future.
        if service.ended and not service.streams and abs(now - service.heard) >= self.bounds.forget:
            return [ForgetService(service.name)]
        return [
            Forget(Stream(service.name, instance))
            for instance, clock in service.streams.items()
            if abs(now - clock.heard) >= self.bounds.forget
        ]

    def execute(self, command: Command) -> list[Emission]:
        """Carry out a command; the metrics of each window that it closed, oldest first."""
        self._no_room.clear()
        match command:
            case Forget(stream):
                self._forget_stream(stream)
            case ForgetService(name):
                self._forget_service(name)
            case Resume(now):
                self._resume(now)
            case Close():
                return self._close_windows(command)
        return []

    def _resume(self, now: int) -> None:
        for service in self._services.values():
            for clock in service.streams.values():
                if clock.lives(self.heard, self.bounds.idle, self.bounds.interval):
                    clock.heard = service.heard = now
        self.heard = now

    def _close_windows(self, command: Close) -> list[Emission]:
        service = self._services[command.service]
        emissions = [self._close(service, i) for i in service.closing(command.through, self.bounds.open_windows)]
        service.closed_through = max(service.closed_through, command.through)
        if command.quiet:
            if not service.quiet:
                emissions.append(self._quiet(service))
            service.quiet, service.next_index = True, None
        return emissions

    def _close(self, service: ServiceState, index: int) -> Emission:
        open_window = service.windows.pop(index, None) or OpenWindow()
        service.next_index = index + 1
        window, beyond = open_window.close(service.name, index, self.bounds.window_users, service.directory.number)
        self.untracked_users += beyond
        service.started = service.started or window.start
        metrics = of_all((processor, processor.process(window)) for processor in service.processors)
        contribution = None if service.candidates is None else service.candidates.of(window)
        self._number = self._number + 1 if self._number else first_number(index)
        return Emission(service.name, service.started, window.end, metrics, contribution, window, self._number)

    def _quiet(self, service: ServiceState) -> Emission:
        # Between two windows' ends, so that it never meets another sample of the same series.
        time = (service.closed_through + 1) * WINDOW + WINDOW // 2
        metrics = of_all((processor, processor.quiet()) for processor in service.processors)
        return Emission(service.name, service.started, time, metrics)

    @property
    def failures(self) -> Counter[str]:
        """Of each processor that has failed, how often."""
        return self._failures.counts

    @property
    def last_failure(self) -> Exception | None:
        return self._failures.last

    def watermarks(self, now: int) -> dict[str, int]:
        """Of each service that is heard: event time before which nothing more is waited for (Unix ns)."""
        found = {service.name: service.watermark(now, self.bounds) for service in self._services.values()}
        return {name: watermark for name, watermark in found.items() if watermark is not None}

    @property
    def streams(self) -> int:
        return sum(len(s.streams) for s in self._services.values())

    @property
    def services(self) -> int:
        return len(self._services)

    @property
    def open_rows(self) -> int:
        return sum(w.size for s in self._services.values() for w in s.windows.values())

    @property
    def repeat_words(self) -> int:
        return self._repeats.words

    @property
    def dropped_users(self) -> int:
        services = self._services.values()
        given_up = sum(s.directory.given_up + sum(p.dropped_users for p in s.processors) for s in services)
        return self.untracked_users + given_up

    def instances(self, service: str, since: int) -> list[str]:
        """Those of a service of which an export ends after `since` (Unix ns); all that are known, where there is none.

        What comes too late for its window is in one that is after its end.
        """
        streams = self._services[service].streams
        return [instance for instance, clock in streams.items() if clock.exported > since] or list(streams)

    def dump(self) -> dict[str, Any]:
        """The whole state, to be packed before anything else happens: its arrays may be those in use."""
        return {
            "format": STATE_FORMAT,
            "heard": self.heard,
            "forgotten_through": self._forgotten_through,
            "number": self._number,
            "services": [service.dump() for service in self._services.values()],
            "repeats": self._repeats.dump(),
        }

    def dump_service(self, name: str) -> dict[str, Any]:
        """The part of the state that is of one service."""
        return self._services[name].dump()

    def load(self, state: Mapping[str, Any]) -> None:
        """Into a new engine, what a `dump` gave. Of another release's format, see `formats.current`."""
        self.heard, self._forgotten_through = state["heard"], state["forgotten_through"]
        self._number = state["number"]
        for saved in state["services"]:
            service = self._services[saved["name"]] = self._new_service(saved["name"])
            service.load(saved)
        self._repeats.load(state["repeats"])


def _complete_through(export: Export) -> int:
    """Event time (Unix ns) before which nothing more comes from the stream.

    An export may arrive in parts. The point of unidentified requests is in the last one; a part without it only says
    that the export before it, which ended where this one starts, has been sent.
    """
    _, anonymous, _ = whose(export.kinds)
    return export.start if anonymous < 0 else export.time


def _begun_before(export: Export, time: int) -> Bool | bool:
    """Which points have a start before it, of an export whose earliest has."""
    return export.starts is None or export.time <= time or export.starts < time


def _filled(export: Export, fresh: Bool) -> int:
    """How many of the fresh points say anything."""
    return int((fresh & ((export.counts > 0) | (export.microseconds > 0))).sum())
