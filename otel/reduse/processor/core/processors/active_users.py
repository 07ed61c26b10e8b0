"""How many users were active lately."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from reduse.processor.core.metric import Column, Labels, Metric, Series, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.last_seen import LastSeen
from reduse.processor.core.window import ClosedWindow

# By the label that says how long ago: so many windows of one second.
ACTIVE_WINDOWS = {"1m": 60, "5m": 300, "1h": 3600}
_SERIES = Series(Labels(window=label) for label in ACTIVE_WINDOWS)


class ActiveUsers(Processor):
    """`reduse.users.active` by `window`: distinct identified users of the last 1 m, 5 m and 1 h, exact.

    Beyond the bound on users remembered, those unseen for longest are forgotten, and the gauge is a lower bound.
    """

    name = "active-users"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._seen = LastSeen(max(ACTIVE_WINDOWS.values()))

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        counts, numbers = window.counts, window.numbers
        active = numbers if np.count_nonzero(counts) == len(counts) else numbers[counts > 0]
        if len(window.forgotten):
            self._seen.forget(window.forgotten)
        self._seen.see(active, window.index, window.numbers_end)
        yield self._as_metric([self._seen.active(windows) for windows in ACTIVE_WINDOWS.values()])

    def quiet(self) -> Iterable[Metric]:
        yield self._as_metric([None] * len(ACTIVE_WINDOWS))

    @staticmethod
    def _as_metric(values: list[int] | list[None]) -> Metric:
        return Metric(
            "reduse.users.active",
            "{user}",
            Shape.GAUGE,
            Column(values, _SERIES),
            "Users with a request in the last minute, five minutes and hour.",
        )

    def dump(self) -> dict[str, Any]:
        return self._seen.dump()

    def load(self, state: dict[str, Any]) -> None:
        self._seen.load(state)
