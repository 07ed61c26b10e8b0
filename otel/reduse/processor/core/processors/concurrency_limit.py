"""What back-pressure would have met: how long a service had more requests in it at once than each of some limits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from reduse.processor.core.metric import Column, Labels, Metric, Point, Series, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.units import MICROSECONDS
from reduse.processor.core.window import ClosedWindow


class ConcurrencyLimit(Processor):
    """`reduse.service.concurrency`, and `reduse.concurrency_limit.above` by `limit` beside `reduse.service.observed`.

    Concurrency is the server's seconds in a second (Little's law: requests a second times the seconds that each takes),
    the average of a window, of identified users and all others. `above` are the seconds of windows in which it was
    higher than the limit; over the seconds observed it is a share of time.
    """

    name = "concurrency-limit"
    of_joined_window = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._limits = sorted(options.concurrency_limits)
        self._series = Series(Labels(limit=f"{limit:g}") for limit in self._limits)
        self._above = [0.0] * len(self._limits)
        self._observed = 0.0

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        others = window.anonymous, window.overflow, window.untracked
        busy = window.busy + sum(load.microseconds for load in others)
        concurrency = busy / (MICROSECONDS * window.length)
        for number in range(bisect_left(self._limits, concurrency)):
            self._above[number] += window.length
        self._observed += window.length
        yield self._concurrency(concurrency)
        yield Metric(
            "reduse.concurrency_limit.above",
            "s",
            Shape.COUNTER,
            Column(list(self._above), self._series),
            "Seconds in which the service had more concurrent requests than this limit.",
        )
        yield Metric(
            "reduse.service.observed",
            "s",
            Shape.COUNTER,
            (Point(self._observed),),
            "Seconds in which the service was observed.",
        )

    def quiet(self) -> Iterable[Metric]:
        yield self._concurrency(None)

    @staticmethod
    def _concurrency(value: float | None) -> Metric:
        return Metric(
            "reduse.service.concurrency",
            "{request}",
            Shape.GAUGE,
            (Point(value),),
            "Concurrent requests in the service, as the average over a second.",
        )

    def dump(self) -> dict[str, Any]:
        return {"limits": self._limits, "above": self._above, "observed": self._observed}

    def load(self, state: dict[str, Any]) -> None:
        """Limits that a changed ladder still has keep their seconds; when it has new ones all begin anew."""
        saved = dict(zip(state["limits"], state["above"], strict=True))
        if saved.keys() >= set(self._limits):
            self._above = [saved[limit] for limit in self._limits]
            self._observed = state["observed"]
