"""What a rate limit would have done: a token bucket for every user and limit of a ladder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reduse.processor.core.columns import Int64
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.token_bucket import Spent, TokenBuckets
from reduse.processor.core.window import ClosedWindow


class RateLimit(Processor):
    """`reduse.rate_limit.rejected` and `reduse.rate_limit.users`, by `limit`.

    A bucket holds `burst_seconds` of its limit and is full for a user not seen before. Every bucket is full again after
    `burst_seconds` without requests, so that only buckets of users active within that time are kept.
    """

    name = "rate-limit"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._buckets = [TokenBuckets(limit, options.burst_seconds) for limit in sorted(options.limits)]
        self._labels = [f"{buckets.limit:g}" for buckets in self._buckets]
        self._rejected = [0] * len(self._buckets)
        self._index = 0

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        spent = self._spend(window)
        self._rejected = [before + now.rejected for before, now in zip(self._rejected, spent, strict=True)]
        yield Metric(
            "reduse.rate_limit.rejected",
            "{request}",
            Shape.COUNTER,
            self._points(self._rejected),
            "Requests that a limit of so many a second for each user would have refused.",
        )
        yield self._touched([len(each.users) for each in spent])

    def _spend(self, window: ClosedWindow) -> list[Spent]:
        missed = max(0, window.index - self._index - 1) * window.length
        self._index = window.index
        spent = []
        draining: Int64 | None = None
        for buckets in self._buckets:
            buckets.refill(missed)
            # Limits rise: what drains the next one also drains this one.
            draining = buckets.draining(window.counts, window.length, draining)
            spent.append(buckets.spend(window.users, window.counts, window.length, draining))
        return spent

    def quiet(self) -> Iterable[Metric]:
        yield self._touched([None] * len(self._labels))

    def _touched(self, users: list[int] | list[None]) -> Metric:
        return Metric(
            "reduse.rate_limit.users",
            "{user}",
            Shape.GAUGE,
            self._points(users),
            "Users of whom that limit would have refused at least one request in the window.",
        )

    def _points(self, values: list[int] | list[None]) -> tuple[Point, ...]:
        return tuple(Point(v, {"limit": label}) for v, label in zip(values, self._labels, strict=True))

    def dump(self) -> dict[str, Any]:
        return {
            "limits": [buckets.limit for buckets in self._buckets],
            "capacities": [buckets.capacity for buckets in self._buckets],
            "rejected": list(self._rejected),
            "buckets": [buckets.dump() for buckets in self._buckets],
            "index": self._index,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Limits that a changed ladder still has keep their counts, and with the same burst their buckets."""
        columns = zip(state["capacities"], state["rejected"], state["buckets"], strict=True)
        saved = dict(zip(state["limits"], columns, strict=True))
        for number, buckets in enumerate(self._buckets):
            if buckets.limit in saved:
                capacity, self._rejected[number], kept = saved[buckets.limit]
                if capacity == buckets.capacity:
                    buckets.load(kept)
        self._index = state["index"]
