"""The state of one watched service: its streams, its open windows, its processors."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import Any

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.contribution import Candidates
from reduse.processor.core.directory import Directory
from reduse.processor.core.isolated import Isolated
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import WINDOW, OpenWindow
from reduse.wire import MOST_POLICIES

# Nothing is told of a policy's users beyond an hour.
POLICY_HORIZON = 3600 * NANOSECONDS


@dataclass(slots=True)
class StreamClock:
    """Of one stream, in Unix ns: event time it is complete through, processing time at which it was last heard."""

    time: int
    heard: int
    # The end of the newest export, its length, and the shorter one of it and that before.
    exported: int = 0
    length: int = 0
    interval: int = 0
    # When it was heard for the first time, or again after a silence (processing time), and the start of that export.
    begun: int = 0
    begun_at: int = 0

    def begin(self, now: int, start: int) -> None:
        """An export that starts at an event time comes at `now`, after none did."""
        self.begun, self.begun_at = now, start

    def complete(self, now: int, settling: int) -> int:
        """Event time through which it is complete, and so are others that began with it not `settling` ns ago.

        Where the clock was set back since, nobody knows how long ago it was.
        """
        return min(self.time, self.begun_at) if 0 <= now - self.begun < settling else self.time

    def hear(self, now: int, complete: int, start: int, end: int) -> None:
        """An export of [start, end), complete through an event time, came at `now`."""
        self.time, self.heard = max(self.time, complete), now
        if end > self.exported:
            # One that is longer than the others tells of an outage and not of what comes next.
            self.interval = min(end - start, self.length) if self.exported else end - start
            self.exported, self.length = end, end - start

    def lives(self, now: int, idle: int, longest: int) -> bool:
        """Whether it was heard within `idle` ns of now, or its next export, of at most `longest`, may be under way.

        Before or after now, as the clock may have been set back.
        """
        interval = min(self.interval, longest)
        return abs(now - self.heard) < max(idle, interval + interval // 2)


@dataclass(slots=True)
class ServiceState:
    name: str
    processors: tuple[Isolated, ...]
    directory: Directory
    streams: dict[str, StreamClock] = field(default_factory=dict)
    # When one of the streams was heard last, also of those forgotten (Unix ns).
    heard: int = 0
    windows: dict[int, OpenWindow] = field(default_factory=dict)
    # Its policies: the end of the newest export that has requests under each (Unix ns).
    policies: dict[str, int] = field(default_factory=dict)
    closed_through: int = -1
    started: int = 0
    # Of the window after the one that closed last, unless nothing was heard in between.
    next_index: int | None = None
    quiet: bool = False
    # Of a shard that is joined with others.
    candidates: Candidates | None = None

    def watermark(self, now: int, bounds: Bounds) -> int | None:
        """Event time up to which every living stream is complete, less the bound on lateness; None if none lives."""
        living = (stream for stream in self.streams.values() if stream.lives(now, bounds.idle, bounds.interval))
        complete = min((stream.complete(now, bounds.settling) for stream in living), default=None)
        return None if complete is None else complete - bounds.lateness

    @property
    def ended(self) -> bool:
        """Nothing of it is still to be sent."""
        return self.quiet and not self.windows

    def admit_policy(self, policy: str, time: int) -> bool:
        """Whether requests of an export that ends at `time` are told apart by this policy.

        There is room for MOST_POLICIES of them; one without requests for POLICY_HORIZON makes room for another.
        """
        if policy not in self.policies and len(self.policies) >= MOST_POLICIES:
            oldest = min(self.policies, key=lambda name: (self.policies[name], name))
            if self.policies[oldest] > time - POLICY_HORIZON:
                return False
            del self.policies[oldest]
        self.policies[policy] = max(time, self.policies.get(policy, 0))
        return True

    def open_window(self, index: int) -> OpenWindow:
        return self.windows.setdefault(index, OpenWindow())

    def through(self, watermark: int | None, windows_limit: int, rows_limit: int) -> int:
        """Index of the last window to close: by the watermark, or earlier when a bound on open windows is passed."""
        if watermark is None:
            return max(self.windows, default=self.closed_through)
        through = watermark // WINDOW - 1
        if self.windows:
            through = max(through, max(self.windows) - windows_limit)
        rows = sum(window.size for window in self.windows.values())
        for index in sorted(self.windows):
            if rows <= rows_limit:
                break
            through = max(through, index)
            rows -= self.windows[index].size
        return through

    def closing(self, through: int, windows_limit: int) -> list[int]:
        """Indices of the windows to close, oldest first: all seconds of a service that is heard, also those in which
        nobody sent anything. Without the last, a processor that has few of the users would show their rates for too
        long. Of a longer gap only the last `windows_limit` seconds."""
        indices = {index for index in self.windows if index <= through}
        if indices:
            begin, end = min(indices) if self.next_index is None else self.next_index, max(indices)
            indices |= set(range(max(begin, end - windows_limit), end))
        return sorted(indices)

    def dump(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "streams": {instance: list(astuple(clock)) for instance, clock in self.streams.items()},
            "heard": self.heard,
            "policies": self.policies,
            "windows": [[index, window.dump()] for index, window in sorted(self.windows.items())],
            "closed_through": self.closed_through,
            "started": self.started,
            "next_index": self.next_index,
            "quiet": self.quiet,
            "directory": self.directory.dump(),
            "processors": {processor.name: processor.dump() for processor in self.processors},
            **({} if self.candidates is None else {"candidates": self.candidates.dump()}),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` gave."""
        self.directory.load(state["directory"])
        self.streams = {instance: StreamClock(*times) for instance, times in state["streams"].items()}
        self.heard = state["heard"]
        self.windows = {index: OpenWindow.load(window) for index, window in state["windows"]}
        self.policies = state["policies"]
        self.closed_through = state["closed_through"]
        self.started = state["started"]
        self.next_index = state["next_index"]
        self.quiet = state["quiet"]
        for processor in self.processors:
            if processor.name in state["processors"]:
                processor.load(state["processors"][processor.name])
        if self.candidates is not None and "candidates" in state:
            self.candidates.load(state["candidates"])
