"""The core: columns in, state, metrics out.

No clock, no I/O: the same commands in the same order give the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reduse.processor.core.apportion import apportion, windows_of
from reduse.processor.core.columns import NANOSECONDS, Bool, Export, Kind, Stream
from reduse.processor.core.directory import Directory
from reduse.processor.core.isolated import Failures, Isolated
from reduse.processor.core.metric import Metric
from reduse.processor.core.metric_check import MetricError
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.refusal import Refusal
from reduse.processor.core.repeats import Repeats
from reduse.processor.core.service import ServiceState, StreamClock
from reduse.processor.core.window import WINDOW, OpenWindow

STATE_FORMAT = 6


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times in ns. What happens at each bound is counted in `Outcome` or in `Engine.untracked_users`."""

    # A stream not heard for so long does not hold the watermark back.
    idle: int = 3 * NANOSECONDS
    # The watermark stays so far behind what the streams say that they are complete through.
    lateness: int = 0
    # A stream not heard for so long is forgotten.
    forget: int = 3600 * NANOSECONDS
    # How far behind a stream's newest export a repeat is still recognised, and with how many 8-byte words.
    repeat_horizon: int = 300 * NANOSECONDS
    repeat_words: int = 8_000_000
    # A longer delta is apportioned over the last part of its interval only.
    interval: int = 120 * NANOSECONDS
    # Of each service: users told apart in a window, open windows, and rows in them; beyond, the oldest close early.
    window_users: int = 200_000
    open_windows: int = 600
    open_rows: int = 2_000_000
    streams: int = 1_000
    services: int = 100


@dataclass(slots=True)
class Outcome:
    """What became of the points of some exports."""

    counted: int = 0
    repeated: int = 0
    late: int = 0
    clipped: int = 0
    refused: Counter[Refusal] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Close:
    """Close the windows of a service through this index; `quiet`: nothing is heard from it any more."""

    service: str
    through: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget a stream that ended long ago."""

    stream: Stream


Command = Close | Forget


@dataclass(frozen=True, slots=True)
class Emission:
    """Metrics of one service as of `time`; counters count since `started` (Unix ns)."""

    service: str
    started: int
    time: int
    metrics: tuple[Metric, ...]


class Engine:
    def __init__(
        self, kinds: Sequence[type[Processor]], options: Options | None = None, bounds: Bounds | None = None
    ) -> None:
        self._kinds = tuple(kinds)
        self._options = options or Options()
        self.bounds = bounds or Bounds()
        self._services: dict[str, ServiceState] = {}
        self._repeats = Repeats(self.bounds.repeat_horizon, self.bounds.repeat_words)
        self.untracked_users = 0
        self._failures = Failures()

    def apply(self, exports: Iterable[Export], now: int) -> Outcome:
        """Count the exports. `now` only tells which streams are alive."""
        outcome = Outcome()
        for export in exports:
            self._apply(export, now, outcome)
        return outcome

    def _apply(self, export: Export, now: int, outcome: Outcome) -> None:
        service = self._admit(export.stream)
        if service is None:
            outcome.refused[Refusal.TOO_MANY_STREAMS] += len(export)
            return
        complete = _complete_through(export)
        clock = service.streams.setdefault(export.stream.instance, StreamClock(complete, now))
        clock.time, clock.heard = max(clock.time, complete), max(clock.heard, now)
        fresh, too_old = self._repeats.take(export)
        new = int(fresh.sum())
        if too_old:
            outcome.refused[Refusal.TOO_OLD] += len(export)
            return
        outcome.counted += new
        outcome.repeated += len(export) - new
        if new:
            service.quiet = False
            self._add(service, export, fresh, outcome)

    def _admit(self, stream: Stream) -> ServiceState | None:
        service = self._services.get(stream.service)
        if service is not None and stream.instance in service.streams:
            return service
        if sum(len(s.streams) for s in self._services.values()) >= self.bounds.streams:
            return None
        if service is None:
            if len(self._services) >= self.bounds.services:
                return None
            directory = Directory(self._options.user_limit)
            service = self._services[stream.service] = ServiceState(stream.service, self._processors(), directory)
        return service

    def _processors(self) -> tuple[Isolated, ...]:
        return tuple(Isolated(kind, self._options, self._failures) for kind in self._kinds)

    def _add(self, service: ServiceState, export: Export, fresh: Bool, outcome: Outcome) -> None:
        start = max(export.start, export.time - self.bounds.interval)
        if start > export.start:
            outcome.clipped += _filled(export, fresh)
        columns = export.kinds, export.users, export.counts, export.microseconds
        if not fresh.all():
            columns = export.kinds[fresh], export.users[fresh], export.counts[fresh], export.microseconds[fresh]
        kinds, users, counts, microseconds = columns
        if windows_of(start, export.time, WINDOW)[0] <= service.closed_through:
            outcome.late += _filled(export, fresh)
        for (index, count), (_, micro) in zip(
            apportion(counts, start, export.time, WINDOW),
            apportion(microseconds, start, export.time, WINDOW),
            strict=True,
        ):
            some = (count > 0) | (micro > 0)
            if index <= service.closed_through and not some.any():
                continue
            # What comes after its window was closed goes into the next one to close, so that totals are conserved.
            window = service.open_window(max(index, service.closed_through + 1))
            of_users = some & (kinds == Kind.USER)
            if of_users.any():
                self.untracked_users += window.add(
                    users[of_users], count[of_users], micro[of_users], self.bounds.window_users
                )
            for kind, load in ((Kind.ANONYMOUS, window.anonymous), (Kind.OVERFLOW, window.overflow)):
                of_kind = kinds == kind
                load.add(int(count[of_kind].sum()), int(micro[of_kind].sum()))

    def due(self, now: int) -> list[Command]:
        """What the passing of time asks for; `execute` does it."""
        commands: list[Command] = []
        for service in self._services.values():
            watermark = service.watermark(now, self.bounds.idle, self.bounds.lateness)
            through = service.through(watermark, self.bounds.open_windows, self.bounds.open_rows)
            goes_quiet = watermark is None and not service.quiet
            if goes_quiet or any(index <= through for index in service.windows):
                commands.append(Close(service.name, through, quiet=watermark is None))
            commands += [
                Forget(Stream(service.name, instance))
                for instance, clock in service.streams.items()
                if now - clock.heard >= self.bounds.forget
            ]
        return commands

    def execute(self, command: Command) -> list[Emission]:
        """Carry out a command; the metrics of each window that it closed, oldest first."""
        if isinstance(command, Forget):
            self._services[command.stream.service].streams.pop(command.stream.instance, None)
            self._repeats.forget(command.stream)
            return []
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
        window, beyond = open_window.close(service.name, index, self.bounds.window_users, service.directory)
        self.untracked_users += beyond
        service.started = service.started or window.start
        metrics = _joined((processor, processor.process(window)) for processor in service.processors)
        return Emission(service.name, service.started, window.end, metrics)

    def _quiet(self, service: ServiceState) -> Emission:
        # Between two windows' ends, so that it never meets another sample of the same series.
        time = (service.closed_through + 1) * WINDOW + WINDOW // 2
        metrics = _joined((processor, processor.quiet()) for processor in service.processors)
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
        bounds = self.bounds
        found = {s.name: s.watermark(now, bounds.idle, bounds.lateness) for s in self._services.values()}
        return {name: watermark for name, watermark in found.items() if watermark is not None}

    @property
    def streams(self) -> int:
        return sum(len(s.streams) for s in self._services.values())

    @property
    def open_rows(self) -> int:
        return sum(w.rows for s in self._services.values() for w in s.windows.values())

    @property
    def repeat_words(self) -> int:
        return self._repeats.words

    @property
    def dropped_users(self) -> int:
        services = self._services.values()
        given_up = sum(s.directory.given_up + sum(p.dropped_users for p in s.processors) for s in services)
        return self.untracked_users + given_up

    def dump(self) -> dict[str, Any]:
        """The whole state, to be packed before anything else happens: its arrays may be those in use."""
        return {
            "format": STATE_FORMAT,
            "services": [service.dump(self.bounds.window_users) for service in self._services.values()],
            "repeats": self._repeats.dump(),
        }

    def load(self, state: dict[str, Any], now: int) -> None:
        """Into a new engine. Streams count as heard at `now`. Raises ValueError when the format is another one."""
        if state["format"] != STATE_FORMAT:
            raise ValueError(f"state has format {state['format']}, this version reads {STATE_FORMAT}")
        for saved in state["services"]:
            self._services[saved["name"]] = ServiceState.load(saved, self._processors(), self._options.user_limit, now)
        self._repeats.load(state["repeats"])


def _complete_through(export: Export) -> int:
    """Event time (Unix ns) before which nothing more comes from the stream.

    An export may arrive in parts. The point of unidentified requests is in the last one; a part without it only says
    that the export before it, which ended where this one starts, has been sent.
    """
    return export.time if (export.kinds == Kind.ANONYMOUS).any() else export.start


def _filled(export: Export, fresh: Bool) -> int:
    """How many of the fresh points say anything."""
    return int((fresh & ((export.counts > 0) | (export.microseconds > 0))).sum())


def _joined(yielded: Iterable[tuple[Isolated, tuple[Metric, ...]]]) -> tuple[Metric, ...]:
    """All metrics; a processor that yields one of an earlier processor's name is refused."""
    joined: dict[str, Metric] = {}
    for processor, metrics in yielded:
        taken = [metric.name for metric in metrics if metric.name in joined]
        if taken:
            processor.refuse(MetricError(f"{taken[0]} is another processor's metric, choose another name"))
        else:
            joined |= {metric.name: metric for metric in metrics}
    return tuple(joined.values())
