"""What a rate limit would have done: a token bucket for every user and limit of a ladder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt64
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.window import ClosedWindow


def spend(tokens: Float64, counts: Int64, refill: Float64, capacity: Float64) -> tuple[Int64, Float64]:
    """(rejected, tokens left), shape (users, limits), for `counts` (users) spread evenly over one window.

    `tokens` are those at the window's start, `refill` those that flow in during it (limits). Of a user's requests the
    bucket lets through as many as it has whole tokens, those that flow in included.
    """
    available = tokens + refill
    allowed = np.minimum(counts[:, None], np.floor(available))
    rejected = (counts[:, None] - allowed).astype(np.int64)
    return rejected, np.minimum(capacity, available - allowed)


class RateLimit(Processor):
    """`reduse.rate_limit.rejected` and `reduse.rate_limit.users`, by `limit`.

    A bucket holds `burst_seconds` of its limit and is full for a user not seen before. A full bucket needs no state,
    and every bucket is full again after `burst_seconds` without requests: only users active within that time are kept.
    """

    name = "rate-limit"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._limits = np.array(options.limits, np.float64)
        self._capacity = np.maximum(1.0, self._limits * options.burst_seconds)
        self._labels = [f"{limit:g}" for limit in options.limits]
        self._rejected = [0] * len(options.limits)
        self._users: UInt64 = np.empty(0, np.uint64)  # sorted
        self._tokens: Float64 = np.empty((0, len(options.limits)))
        self._index = 0

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        users = np.union1d(self._users, window.users)
        missed = max(0, window.index - self._index - 1) * window.length
        tokens = np.broadcast_to(self._capacity, (len(users), len(self._limits))).copy()
        held = np.searchsorted(users, self._users)
        tokens[held] = np.minimum(self._capacity, self._tokens + self._limits * missed)
        counts = np.zeros(len(users), np.int64)
        counts[np.searchsorted(users, window.users)] = window.counts
        rejected, tokens = spend(tokens, counts, self._limits * window.length, self._capacity)
        partly_empty = (tokens < self._capacity).any(axis=1)
        self._users, self._tokens, self._index = users[partly_empty], tokens[partly_empty], window.index
        self._rejected = [a + b for a, b in zip(self._rejected, rejected.sum(axis=0).tolist(), strict=True)]
        yield Metric(
            "reduse.rate_limit.rejected",
            "{request}",
            Shape.COUNTER,
            self._points(self._rejected),
            "Requests that a limit of so many a second for each user would have refused.",
        )
        yield self._touched((rejected > 0).sum(axis=0).tolist())

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
            "limits": self._limits,
            "capacity": self._capacity,
            "rejected": list(self._rejected),
            "users": self._users,
            "tokens": self._tokens,
            "index": self._index,
        }

    def load(self, state: dict[str, Any]) -> None:
        """A ladder changed since keeps the counts of the limits that stayed; its buckets start full."""
        kept = dict(zip(state["limits"].tolist(), state["rejected"], strict=True))
        self._rejected = [kept.get(limit, 0) for limit in self._limits.tolist()]
        same = np.array_equal(state["limits"], self._limits) and np.array_equal(state["capacity"], self._capacity)
        if same:
            self._users, self._tokens, self._index = state["users"], state["tokens"], state["index"]
