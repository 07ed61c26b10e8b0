"""A processor that may raise anything, at any time, and stops nobody else."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from reduse.processor.core.metric import Metric
from reduse.processor.core.metric_check import MetricError, checked
from reduse.processor.core.packing import check_packable
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.window import ClosedWindow

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class Failures:
    """Of each processor, by name: how often it has failed, and how the last time."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.last: Exception | None = None

    def add(self, name: str, doing: str, error: Exception) -> None:
        """Count it. The log gets the 1st, 2nd, 4th, 8th and so on: a window closes every second."""
        self.counts[name] += 1
        self.last = error
        count = self.counts[name]
        if count & (count - 1) == 0:
            logger.error("processor %s failed to %s, failure %d of it", name, doing, count, exc_info=error)


class Isolated:
    """One processor of one service.

    If it cannot be made it yields nothing; if it cannot load its state it begins anew; if it cannot dump it, what it
    has is lost with the next restart. What it yields for a window is sent whole or not at all.
    """

    def __init__(self, kind: type[Processor], options: Options, failures: Failures) -> None:
        self.name = kind.name
        self._kind = kind
        self._options = options
        self._failures = failures
        self._processor = self._make()

    def _make(self) -> Processor | None:
        return self._try("be made", lambda: self._kind(self._options), None)

    def process(self, window: ClosedWindow) -> tuple[Metric, ...]:
        processor = self._processor
        return (
            () if processor is None else self._try("process a window", lambda: checked(processor.process(window)), ())
        )

    def quiet(self) -> tuple[Metric, ...]:
        processor = self._processor
        return () if processor is None else self._try("end its series", lambda: checked(processor.quiet()), ())

    @property
    def dropped_users(self) -> int:
        return 0 if self._processor is None else self._processor.dropped_users

    def refuse(self, error: MetricError) -> None:
        """What it has yielded cannot be sent."""
        self._failures.add(self.name, "yield metrics", error)

    def dump(self) -> dict[str, Any] | None:
        processor = self._processor
        if processor is None:
            return None

        def dump() -> dict[str, Any]:
            state = processor.dump()
            # Or else it would be the whole snapshot that fails.
            check_packable(state)
            return state

        return self._try("dump its state", dump, None)

    def load(self, state: dict[str, Any] | None) -> None:
        processor = self._processor
        if processor is None or state is None:
            return

        def load() -> bool:
            processor.load(state)
            return True

        # One that has failed half-way would go on with half of its state.
        if not self._try("load its state", load, otherwise=False):
            self._processor = self._make()

    def _try(self, doing: str, call: Callable[[], _Result], otherwise: _Result) -> _Result:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - plug-in code may raise anything
            self._failures.add(self.name, doing, error)
            return otherwise


def of_all(yielded: Iterable[tuple[Isolated, tuple[Metric, ...]]]) -> tuple[Metric, ...]:
    """All metrics; a processor that yields one of an earlier processor's name is refused."""
    found: dict[str, Metric] = {}
    for processor, metrics in yielded:
        taken = [metric.name for metric in metrics if metric.name in found]
        if taken:
            processor.refuse(MetricError(f"{taken[0]} is a metric of another processor: choose another name"))
        else:
            found |= {metric.name: metric for metric in metrics}
    return tuple(found.values())
