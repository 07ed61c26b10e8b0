"""How much of the load comes from few users."""

from __future__ import annotations

from collections.abc import Iterable

from reduse.processor.core.metric import Labels, Metric, Shape, points_of
from reduse.processor.core.plugin import Processor
from reduse.processor.core.sorting import largest
from reduse.processor.core.window import ClosedWindow

TOPS = (1, 10, 100)
_LABELS = [Labels(top=str(n)) for n in TOPS]


class UserShare(Processor):
    """`reduse.user.share`: part of the identified users' requests in a window that its top 1, 10, 100 users sent.

    Without any such request there is no share, so the series ends until there is one.
    """

    name = "user-share"

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        total = window.requests + window.untracked.count
        if total == 0:
            yield from self.quiet()
            return
        descending = largest(window.counts, TOPS[-1]).tolist()
        yield self._as_metric([sum(descending[:n]) / total for n in TOPS])

    def quiet(self) -> Iterable[Metric]:
        yield self._as_metric([None] * len(TOPS))

    @staticmethod
    def _as_metric(shares: list[float] | list[None]) -> Metric:
        return Metric(
            "reduse.user.share",
            "1",
            Shape.GAUGE,
            points_of(shares, _LABELS),
            "Share of the requests that the most active users sent.",
        )
