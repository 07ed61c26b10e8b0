"""What a rate limit would have done: a token bucket for every user and limit of a ladder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64, UInt32
from reduse.processor.core.metric import Labels, Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.last_seen import LastSeen
from reduse.processor.core.processors.token_bucket import Spent, TokenBuckets
from reduse.processor.core.window import ClosedWindow

# Windows of one second.
HOUR = 3600


class RateLimit(Processor):
    """`reduse.rate_limit.rejected` by `limit` and `burst`, and `reduse.rate_limit.users` by `window` too: 1 s and 1 h.

    A bucket holds `burst_seconds` of its limit and is full for a user not seen before. Every bucket is full again after
    `burst_seconds` without requests, so that only buckets of users active within that time are kept; and for each user
    and limit, two bytes about when it would have touched them.
    """

    name = "rate-limit"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        rungs = sorted((limit, ladder.burst_seconds) for ladder in options.ladders for limit in ladder.limits)
        self._buckets = [TokenBuckets(limit, burst_seconds) for limit, burst_seconds in rungs]
        labels = [{"limit": f"{limit:g}", "burst": f"{burst_seconds:g}"} for limit, burst_seconds in rungs]
        self._labels = [Labels(**each) for each in labels]
        self._user_labels = [Labels(**each, window=window) for window in ("1s", "1h") for each in labels]
        self._rejected = [0] * len(self._buckets)
        self._touched = [LastSeen(HOUR) for _ in self._buckets]
        self._index = 0
        # By number, while a window is processed: one more than the user's row.
        self._rows: UInt32 = np.empty(0, np.uint32)

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        spent = self._spend(window)
        self._rejected = [before + now.rejected for before, now in zip(self._rejected, spent, strict=True)]
        yield Metric(
            "reduse.rate_limit.rejected",
            "{request}",
            Shape.COUNTER,
            tuple(map(Point, self._rejected, self._labels)),
            "Requests that a limit of so many a second for each user would have refused.",
        )
        in_an_hour = []
        for touched, each in zip(self._touched, spent, strict=True):
            touched.forget(window.forgotten)
            touched.see(each.touched, window.index, window.numbers_end)
            in_an_hour.append(touched.active(HOUR))
        yield self._users([*(len(each.touched) for each in spent), *in_an_hour])

    def _spend(self, window: ClosedWindow) -> list[Spent]:
        missed = max(0, window.index - self._index - 1) * window.length
        self._index = window.index
        rows = self._rows_of(window)
        counts = np.concatenate([[0], window.counts])
        spent = []
        draining: Int64 | None = None
        for buckets in self._buckets:
            if len(window.forgotten):
                buckets.forget(window.forgotten)
            buckets.refill(missed)
            # Limits rise: what drains the next one also drains this one.
            draining = buckets.draining(window.counts, window.length, draining)
            spent.append(buckets.spend(window.numbers, rows, counts, window.length, draining))
        rows[window.numbers] = 0
        return spent

    def _rows_of(self, window: ClosedWindow) -> UInt32:
        if len(self._rows) < window.numbers_end:
            self._rows = np.zeros(window.numbers_end, np.uint32)
        self._rows[window.numbers] = np.arange(1, len(window.numbers) + 1)
        return self._rows

    def quiet(self) -> Iterable[Metric]:
        yield self._users([None] * len(self._user_labels))

    def _users(self, values: list[int] | list[None]) -> Metric:
        """Of the last second at each limit, then of the last hour."""
        return Metric(
            "reduse.rate_limit.users",
            "{user}",
            Shape.GAUGE,
            tuple(map(Point, values, self._user_labels)),
            "Users of whom that limit would have refused at least one request in the last second or hour.",
        )

    def dump(self) -> dict[str, Any]:
        return {
            "rungs": [[buckets.limit, buckets.burst_seconds] for buckets in self._buckets],
            "rejected": list(self._rejected),
            "buckets": [buckets.dump() for buckets in self._buckets],
            "touched": [touched.dump() for touched in self._touched],
            "index": self._index,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Limits that changed ladders still have with the same burst go on; all others begin anew."""
        columns = zip(*(state[name] for name in ("rejected", "buckets", "touched")), strict=True)
        saved = dict(zip(map(tuple, state["rungs"]), columns, strict=True))
        for number, buckets in enumerate(self._buckets):
            rung = (buckets.limit, buckets.burst_seconds)
            if rung in saved:
                self._rejected[number], kept, touched = saved[rung]
                buckets.load(kept)
                self._touched[number].load(touched)
        self._index = state["index"]
