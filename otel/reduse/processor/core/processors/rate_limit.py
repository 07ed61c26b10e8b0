"""What a rate limit would have done: a token bucket for every user and limit of a ladder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reduse.processor.core.metric import Labels, Metric, Shape, points_of
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.last_seen import LastSeen
from reduse.processor.core.processors.token_bucket import TokenBuckets
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
        self._buckets = TokenBuckets(rungs)
        labels = [{"limit": f"{limit:g}", "burst": f"{burst_seconds:g}"} for limit, burst_seconds in rungs]
        self._labels = [Labels(**each) for each in labels]
        self._user_labels = [Labels(**each, window=window) for window in ("1s", "1h") for each in labels]
        self._rejected = [0] * len(rungs)
        self._touched = [LastSeen(HOUR) for _ in rungs]
        self._index = 0

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        missed = max(0, window.index - self._index - 1) * window.length
        self._index = window.index
        self._buckets.forget(window.forgotten)
        spent = self._buckets.spend(window.numbers, window.numbers_end, window.counts, missed, window.length)
        self._rejected = [before + now for before, now in zip(self._rejected, spent.rejected, strict=True)]
        yield Metric(
            "reduse.rate_limit.rejected",
            "{request}",
            Shape.COUNTER,
            points_of(self._rejected, self._labels),
            "Requests that a limit of so many a second for each user would have refused.",
        )
        if len(window.forgotten):
            for seen in self._touched:
                seen.forget(window.forgotten)
        for seen, touched in zip(self._touched, spent.touched, strict=True):
            seen.see(touched, window.index, window.numbers_end)
        yield self._users([*map(len, spent.touched), *(seen.active(HOUR) for seen in self._touched)])

    def quiet(self) -> Iterable[Metric]:
        yield self._users([None] * len(self._user_labels))

    def _users(self, values: list[int] | list[None]) -> Metric:
        """Of the last second at each limit, then of the last hour."""
        return Metric(
            "reduse.rate_limit.users",
            "{user}",
            Shape.GAUGE,
            points_of(values, self._user_labels),
            "Users of whom that limit would have refused at least one request in the last second or hour.",
        )

    def dump(self) -> dict[str, Any]:
        return {
            "rungs": list(map(list, self._buckets.rungs)),
            "rejected": list(self._rejected),
            "buckets": self._buckets.dump(),
            "touched": [touched.dump() for touched in self._touched],
            "index": self._index,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Limits that changed ladders still have with the same burst go on; all others begin anew."""
        columns = zip(*(state[name] for name in ("rejected", "buckets", "touched")), strict=True)
        saved = dict(zip(map(tuple, state["rungs"]), columns, strict=True))
        for number, rung in enumerate(self._buckets.rungs):
            if rung in saved:
                self._rejected[number], _, touched = saved[rung]
                self._touched[number].load(touched)
        self._buckets.load([saved[rung][1] if rung in saved else None for rung in self._buckets.rungs])
        self._index = state["index"]
