"""The plug-in interface: a processor gets the columns of a closed window and yields metrics.

A plug-in is a subclass of `Processor` registered in the entry-point group `reduse.processor`. There is one object for
each service; windows come in order, each once. `docs/write-a-processor.md` has an example and the rules,
`reduse.processor.harness` tries one without any server.

`process` must depend on nothing but the windows seen and what `load` was given: after a restart, the windows since the
last snapshot are processed again. No clock, no randomness, no I/O. The attribute `service` is added by the engine.
Metrics must be sums over users: where the users of a service are shared by several shards, each computes those of its
own users, and values of the same series are added up. What is no such sum sets `of_joined_window`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any, ClassVar

from reduse.processor.core.metric import Metric
from reduse.processor.core.options import Options
from reduse.processor.core.window import ClosedWindow
from reduse.wire import METRIC

# All that a plug-in is made of.
__all__ = ["ENTRY_POINT_GROUP", "Options", "Processor", "discover", "unique"]

ENTRY_POINT_GROUP = "reduse.processor"


class Processor(ABC):
    """One computation over the windows of one service."""

    name: ClassVar[str]
    # The metrics it is computed from; there is one so far.
    takes: ClassVar[frozenset[str]] = frozenset({METRIC})
    # True: where shards are joined it is computed once, of the joined window. That has rows for the users of the top
    # only (at least the top K by requests and by time, and 100 by requests); all others are in its `untracked`, and
    # there are no `numbers`.
    of_joined_window: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.options = options
        # Users given up at a bound; the host exposes the sum.
        self.dropped_users = 0

    @abstractmethod
    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        """Metrics as of the end of `window`."""

    def quiet(self) -> Iterable[Metric]:
        """The service has stopped sending: end gauge series (points with value None). Windows may follow later."""
        return ()

    def dump(self) -> dict[str, Any]:
        """State to persist: plain values and NumPy arrays, nested in dicts and lists."""
        return {}

    def load(self, state: dict[str, Any]) -> None:
        """Take the state that `dump` gave; never called when there was none."""
        if state:
            raise NotImplementedError(f"{type(self).__name__} dumps state, so it must also load it")


def discover(group: str = ENTRY_POINT_GROUP) -> list[type[Processor]]:
    """Plug-ins of installed packages, by name. Raises TypeError naming one that cannot be used, and why."""
    found: list[type[Processor]] = []
    for entry in sorted(entry_points(group=group), key=lambda e: e.name):
        plugin = entry.load()
        if not (isinstance(plugin, type) and issubclass(plugin, Processor)):
            raise TypeError(f"plug-in {entry.name} ({entry.value}) is not a subclass of {Processor.__qualname__}")
        _check(entry, plugin)
        found.append(plugin)
    return found


def _check(entry: EntryPoint, plugin: type[Processor]) -> None:
    where = f"plug-in {entry.name} ({entry.value})"
    if isabstract(plugin):
        raise TypeError(f"{where} does not define {', '.join(sorted(plugin.__abstractmethods__))}")
    if not isinstance(getattr(plugin, "name", None), str) or not plugin.name:
        raise TypeError(f"{where} has no name: set `name` to a unique text")
    unknown = sorted(plugin.takes - {METRIC})
    if unknown or not plugin.takes:
        raise TypeError(f"{where} takes {', '.join(unknown) or 'nothing'}, but the only metric is {METRIC}")


def unique(kinds: Sequence[type[Processor]]) -> tuple[type[Processor], ...]:
    """The same classes, once it is sure that no two share a name (state is kept under it). Raises ValueError."""
    names = [kind.name for kind in kinds]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two processors are named {name}")
    return tuple(kinds)
