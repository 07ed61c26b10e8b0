"""What shards have said of a service's windows that wait for other shards, and who of them has fallen silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reduse.processor.core.columns import UInt64
from reduse.processor.core.contribution import Contribution
from reduse.processor.core.directory import Numbers
from reduse.processor.core.metric import Metric
from reduse.processor.core.partial import Partial
from reduse.processor.core.plain_metrics import plain_metrics, rich_metrics
from reduse.processor.core.window import WINDOW, ClosedWindow, OpenWindow
from reduse.wire import ShardNumber

# No user is left out of a joined window: each shard has given few.
_ALL = 2**40
# What a source's metrics of a window take, in rows.
_METRICS_ROWS = 256


@dataclass(slots=True)
class JoinWindow:
    """`opened`: when the first shard closed it (Unix ns). `said`: of each source its metrics, and since when.

    `late`: whose metrics are of a window before this one. `shards`: those that are in it.
    """

    opened: int
    rows: OpenWindow = field(default_factory=OpenWindow)
    said: dict[str, tuple[int, tuple[Metric, ...]]] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    shards: set[ShardNumber] = field(default_factory=set)

    def add(self, partial: Partial, given: Contribution, *, late: bool) -> None:
        """What a source says, which may be of a window before this one."""
        if len(given.users):
            self.rows.add(given.users, given.counts, given.microseconds, _ALL)
        for load, more in (
            (self.rows.anonymous, given.anonymous),
            (self.rows.overflow, given.overflow),
            (self.rows.untracked, given.untracked),
        ):
            load.add(more.count, more.microseconds)
        self.shards.update(partial.shards)
        self.said[partial.source] = partial.emission.started, partial.emission.metrics
        (self.late.add if late else self.late.discard)(partial.source)

    def has_all_shards(self, passed: Iterable[ShardNumber]) -> bool:
        """`passed`: shards of whoever has closed this window, and which came there too late for it.

        While instances with another number of shards come, there are shards of both numbers.
        """
        numbers = {shards for _, shards in self.shards}
        found = Counter(shards for _, shards in self.shards.union(passed))
        return all(found[shards] == shards for shards in numbers)

    @property
    def size(self) -> int:
        """In rows."""
        return self.rows.size + _METRICS_ROWS * len(self.said)

    def close(self, service: str, time: int) -> ClosedWindow:
        """`time`: its end. Users have no numbers."""
        closed, _ = self.rows.close(service, time // WINDOW - 1, _ALL, _no_numbers)
        return closed

    def dump(self) -> dict[str, Any]:
        return {
            "opened": self.opened,
            "rows": self.rows.dump(),
            "said": [[name, started, plain_metrics(metrics)] for name, (started, metrics) in self.said.items()],
            "late": sorted(self.late),
            "shards": sorted(self.shards),
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> JoinWindow:
        """What gave this `dump`."""
        said = {name: (started, rich_metrics(metrics)) for name, started, metrics in state["said"]}
        shards = {ShardNumber(*shard) for shard in state["shards"]}
        return cls(state["opened"], OpenWindow.load(state["rows"]), said, set(state["late"]), shards)


@dataclass(slots=True)
class Silence:
    """`opened`: when the first shard fell silent after a window (Unix ns). `said`: who has."""

    opened: int
    said: set[str] = field(default_factory=set)

    def dump(self) -> dict[str, Any]:
        return {"opened": self.opened, "said": sorted(self.said)}

    @classmethod
    def load(cls, state: dict[str, Any]) -> Silence:
        """What gave this `dump`."""
        return cls(state["opened"], set(state["said"]))


def _no_numbers(_: UInt64, __: int) -> Numbers:
    return Numbers(np.empty(0, np.int64), np.empty(0, np.int64), 0)
