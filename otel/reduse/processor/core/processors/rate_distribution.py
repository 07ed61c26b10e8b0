"""How users' rates are spread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.metric import NO_LABELS, Column, Distribution, Metric, Series, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.window import SECONDS, ClosedWindow

BOUNDS: tuple[float, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
_SERIES = Series([NO_LABELS])
# By what a user sent in a window, up to what is in the last bucket. Upper bounds are inclusive, as OTLP has it.
_BUCKET_OF = np.searchsorted(BOUNDS, np.arange(int(BOUNDS[-1] * SECONDS) + 2) / SECONDS).astype(np.uint8)


@compiled
def _count(buckets: Int64, counts: Int64) -> None:
    """One observation for each who has sent anything."""
    most = len(_BUCKET_OF) - 1
    for count in counts:
        if count > 0:
            buckets[_BUCKET_OF[min(count, most)]] += 1


class RateDistribution(Processor):
    """`reduse.user.rate.distribution`: one observation for each user active in a window, cumulative."""

    name = "rate-distribution"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._buckets = np.zeros(len(BOUNDS) + 1, np.int64)
        self._sum = 0.0

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        _count(self._buckets, window.counts)
        self._sum += window.requests / window.length
        value = Distribution(BOUNDS, tuple(self._buckets.tolist()), self._sum)
        yield Metric(
            "reduse.user.rate.distribution",
            "{request}/s",
            Shape.HISTOGRAM,
            Column([value], _SERIES),
            "Rates of the users who were active in a second, one observation for each user.",
        )

    def dump(self) -> dict[str, Any]:
        return {"buckets": self._buckets, "sum": self._sum}

    def load(self, state: dict[str, Any]) -> None:
        # Other bounds than those saved: begin anew, which Prometheus takes as a counter reset.
        if len(state["buckets"]) == len(self._buckets):
            self._buckets, self._sum = state["buckets"], state["sum"]
