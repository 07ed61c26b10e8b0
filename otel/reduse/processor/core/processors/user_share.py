"""How much of the load comes from few users."""

from __future__ import annotations

from collections.abc import Iterable

from reduse.processor.core.metric import Column, Labels, Metric, Series, Shape
from reduse.processor.core.options import SHARE_TOPS
from reduse.processor.core.plugin import Processor
from reduse.processor.core.sorting import largest
from reduse.processor.core.window import ClosedWindow

_SERIES = Series(Labels(top=str(n)) for n in SHARE_TOPS)


class UserShare(Processor):
    """`reduse.user.share`: part of the identified users' requests in a window that its top 1, 10, 100 users sent.

    Without any such request there is no share, so the series ends until there is one.
    """

    name = "user-share"
    of_joined_window = True

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        total = window.requests + window.untracked.count
        if total == 0:
            yield from self.quiet()
            return
        descending = largest(window.counts, SHARE_TOPS[-1]).tolist()
        yield self._as_metric([sum(descending[:n]) / total for n in SHARE_TOPS])

    def quiet(self) -> Iterable[Metric]:
        yield self._as_metric([None] * len(SHARE_TOPS))

    @staticmethod
    def _as_metric(shares: list[float] | list[None]) -> Metric:
        return Metric(
            "reduse.user.share",
            "1",
            Shape.GAUGE,
            Column(shares, _SERIES),
            "Share of the requests that the most active users sent.",
        )
