"""One service whose users several shards share: what they have said of windows that wait, and what is closed.

A window closes when all who speak of the service have closed it, and together have all shards of it; each says how many
there are. Whoever says nothing is waited for, but not for ever. The service falls silent when the last of them does.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any, TypeVar

from reduse.processor.core.engine import Emission
from reduse.processor.core.isolated import Isolated, of_all
from reduse.processor.core.join_window import JoinWindow, Silence
from reduse.processor.core.metric import Metric, Shape
from reduse.processor.core.partial import Partial
from reduse.processor.core.plain_metrics import (
    plain_metrics,
    plain_said,
    plain_values,
    rich_metrics,
    rich_said,
    rich_values,
)
from reduse.processor.core.sums import Said, Values, counters, cumulative, gauges, merge, without_ended
from reduse.processor.core.window import WINDOW
from reduse.wire import ShardNumber

_Waiting = TypeVar("_Waiting", JoinWindow, Silence)


@dataclass(slots=True)
class Source:
    """Who speaks of the service: as of when it has spoken (Unix ns), and when that came."""

    time: int = -1
    heard: int = 0
    quiet: bool = False
    # Those that it has had in its last window.
    shards: tuple[ShardNumber, ...] = ()
    # Of the last window that was closed here: its counters, since when.
    started: int = 0
    values: Said = field(default_factory=dict)

    def was_quiet(self, time: int) -> bool:
        """Whether it has been since before this time."""
        return self.quiet and self.time < time


@dataclass(slots=True)
class JoinedService:
    name: str
    processors: tuple[Isolated, ...]
    sources: dict[str, Source] = field(default_factory=dict)
    # What waits, by its time (Unix ns): windows by their ends. All these times in order; and what it takes, in rows.
    windows: dict[int, JoinWindow] = field(default_factory=dict)
    silences: dict[int, Silence] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)
    size: int = 0
    # The end of the last window that is closed; whether the service has been silent since; the begin of the first one.
    closed: int = 0
    silent: bool = False
    started: int = 0
    # What sources had counted that began anew, or are forgotten.
    before: Values = field(default_factory=dict)
    # Of each counter and histogram the metric that was said last.
    heads: dict[str, Metric] = field(default_factory=dict)
    # Gauges that have a value now, and have to end.
    shown: dict[str, Metric] = field(default_factory=dict)

    def take(self, partial: Partial, now: int) -> bool:
        """Whether it is of a window that is closed already: it is counted in the next."""
        emission, given = partial.emission, partial.emission.contribution
        source = self.sources[partial.source]
        source.time, source.heard, source.quiet = emission.time, now, given is None
        source.shards = partial.shards or source.shards
        late = emission.time <= self.closed
        if given is None:
            if not late:
                self._at(self.silences, emission.time, Silence(now)).said.add(partial.source)
            return False
        window = self._at(self.windows, self.closed + WINDOW if late else emission.time, JoinWindow(now))
        self.size -= window.size
        window.add(partial, given, late=late)
        self.size += window.size
        return late

    def _at(self, waiting: dict[int, _Waiting], time: int, new: _Waiting) -> _Waiting:
        """What waits at this time; the new one, where there was nothing."""
        found = waiting.setdefault(time, new)
        if found is new:
            insort(self.times, time)
        return found

    def complete_through(self) -> int:
        """Up to when nobody is waited for any more (Unix ns)."""
        spoken = min((source.time for source in self.sources.values() if not source.quiet), default=None)
        through = -1
        for time in self.times:
            if (spoken is not None and time > spoken) or not self._has_all_shards(time):
                break
            through = time
        return through

    def _has_all_shards(self, time: int) -> bool:
        window = self.windows.get(time)
        passed = (source for source in self.sources.values() if source.time > time)
        return window is None or window.has_all_shards(shard for source in passed for shard in source.shards)

    def waited_through(self, since: int, rows_limit: int) -> int:
        """What is waited for no longer (Unix ns): what was opened before `since`, or is beyond the bound on rows."""
        through, size = -1, self.size
        for time in self.times:
            waiting = self.windows.get(time) or self.silences[time]
            if size <= rows_limit and waiting.opened >= since:
                break
            through = time
            size -= waiting.size if isinstance(waiting, JoinWindow) else 0
        return through

    def close(self, through: int) -> Iterator[Emission]:
        """What waits at times up to this one, oldest first."""
        while self.times and self.times[0] <= through:
            time = self.times.pop(0)
            if time in self.windows:
                yield self._close(time, self.windows.pop(time))
                continue
            said = self.silences.pop(time).said
            if all(name in said or source.was_quiet(time) for name, source in self.sources.items()):
                yield self._end(time)
        silent = not self.times and all(source.quiet for source in self.sources.values())
        if silent and self.closed and not self.silent:
            # The last of them fell silent when it was waited for no longer.
            yield self._end(self.closed + WINDOW // 2)

    def _close(self, time: int, window: JoinWindow) -> Emission:
        self.size -= window.size
        self.closed, self.silent = time, False
        on_time: list[tuple[Metric, ...]] = []
        # In one order, as sums of fractions depend on it.
        for name in sorted(window.said):
            started, metrics = window.said[name]
            source = self.sources[name]
            if source.started != started:
                merge(self.before, source.values)
            source.started, source.values = started, cumulative(metrics)
            self.heads.update([(metric.name, metric) for metric in metrics if metric.shape is not Shape.GAUGE])
            if name not in window.late:
                on_time.append(metrics)
        closed = window.close(self.name, time)
        self.started = self.started or closed.start
        computed = of_all((processor, processor.process(closed)) for processor in self.processors)
        return Emission(self.name, self.started, time, (*self._counters(), *self._gauges(on_time), *computed))

    def _end(self, time: int) -> Emission:
        self.silent = True
        computed = of_all((processor, processor.quiet()) for processor in self.processors)
        return Emission(self.name, self.started, time, (*self._gauges([]), *computed))

    def _counters(self) -> list[Metric]:
        # In one order, as above.
        summed = counters([self.sources[name].values for name in sorted(self.sources)], self.before)
        return [self.heads[name]._replace(points=points) for name, points in summed.items()]

    def _gauges(self, on_time: list[tuple[Metric, ...]]) -> list[Metric]:
        """A series that some source has told of ends when none does any more."""
        found = gauges(on_time, self.shown.values())
        self.shown = {metric.name: shown for metric in found if (shown := without_ended(metric)).points}
        return found

    def set_back(self, now: int) -> None:
        """Nothing was heard later than now (Unix ns)."""
        waiting: list[JoinWindow | Silence] = [*self.windows.values(), *self.silences.values()]
        for each in waiting:
            each.opened = min(each.opened, now)
        for source in self.sources.values():
            source.heard = min(source.heard, now)

    def forget(self, before: int) -> None:
        """Sources that are quiet, and were heard last before this time."""
        for name, source in list(self.sources.items()):
            if source.quiet and source.heard < before and not self.times:
                merge(self.before, source.values)
                del self.sources[name]

    def dump(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sources": [
                [name, s.time, s.heard, s.quiet, list(s.shards), s.started, plain_said(s.values)]
                for name, s in self.sources.items()
            ],
            "windows": [[time, window.dump()] for time, window in sorted(self.windows.items())],
            "silences": [[time, silence.dump()] for time, silence in sorted(self.silences.items())],
            "closed": self.closed,
            "silent": self.silent,
            "started": self.started,
            "before": plain_values(self.before),
            "heads": plain_metrics([head._replace(points=()) for head in self.heads.values()]),
            "shown": plain_metrics(self.shown.values()),
            "processors": {processor.name: processor.dump() for processor in self.processors},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` gave."""
        self.sources = {
            name: Source(time, heard, quiet, tuple(starmap(ShardNumber, shards)), started, rich_said(values))
            for name, time, heard, quiet, shards, started, values in state["sources"]
        }
        self.windows = {time: JoinWindow.load(window) for time, window in state["windows"]}
        self.silences = {time: Silence.load(silence) for time, silence in state["silences"]}
        self.times = sorted([*self.windows, *self.silences])
        self.size = sum(window.size for window in self.windows.values())
        self.closed, self.silent, self.started = state["closed"], state["silent"], state["started"]
        self.before = rich_values(state["before"])
        self.heads = {metric.name: metric for metric in rich_metrics(state["heads"])}
        self.shown = {metric.name: metric for metric in rich_metrics(state["shown"])}
        for processor in self.processors:
            if processor.name in state["processors"]:
                processor.load(state["processors"][processor.name])
