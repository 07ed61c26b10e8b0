"""What a rate limit would have done: a token bucket for every user and limit, of all requests and of each policy's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reduse.limit import PolicyLimit
from reduse.processor.core.metric import Column, Metric, Series, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.tried_limits import Rung, TriedLimits
from reduse.processor.core.window import ClosedWindow


class RateLimit(Processor):
    """`reduse.rate_limit.rejected` by `limit` and `burst`, and `reduse.rate_limit.users` by `window` too: 1 s and 1 h.

    Those of limits for requests under a policy have the label `policy`, and in `limit` the period too, as `60/minute`.
    Every bucket is full again after its burst's seconds without requests, so that only buckets of users active within
    that time are kept.
    """

    name = "rate-limit"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        ladder = sorted((limit, ladder.burst_seconds) for ladder in options.ladders for limit in ladder.limits)
        self._whole = TriedLimits([_rung(limit, burst_seconds) for limit, burst_seconds in ladder])
        self._policies: dict[str, TriedLimits] | None = None
        self._look_at_labels()
        # Whose limits those of policies are is known from the first window on, and from the state.
        self._service = ""
        self._saved: dict[str, Any] = {}
        self._index = 0

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        missed = max(0, window.index - self._index - 1) * window.length
        self._index = window.index
        self._whole.process(window, missed, window.numbers, window.counts)
        for policy, tried in self._of_policies(window.service).items():
            rows, counts = window.under(policy)
            tried.process(window, missed, window.numbers[rows], counts)
        yield Metric(
            "reduse.rate_limit.rejected",
            "{request}",
            Shape.COUNTER,
            Column([requests for tried in self._all() for requests in tried.rejected()], self._series),
            "Requests that a limit for each user would have rejected.",
        )
        yield self._users([users for tried in self._all() for users in tried.users()])

    def quiet(self) -> Iterable[Metric]:
        yield self._users([None] * len(self._user_series.labels))

    def _of_policies(self, service: str) -> dict[str, TriedLimits]:
        if self._policies is None:
            self._service = service
            self._policies = {
                policy: TriedLimits([_policy_rung(policy, each) for each in limits])
                for (of, policy), limits in sorted(self.options.policy_limits.items())
                if of == service
            }
            for policy, tried in self._policies.items():
                if policy in self._saved:
                    tried.load(self._saved[policy])
            self._saved = {}
            self._look_at_labels()
        return self._policies

    def _look_at_labels(self) -> None:
        self._series = Series(labels for tried in self._all() for labels in tried.labels)
        self._user_series = Series(labels for tried in self._all() for labels in tried.user_labels)

    def _all(self) -> Iterator[TriedLimits]:
        yield self._whole
        yield from (self._policies or {}).values()

    def _users(self, values: Sequence[int | None]) -> Metric:
        return Metric(
            "reduse.rate_limit.users",
            "{user}",
            Shape.GAUGE,
            Column(values, self._user_series),
            "Users of whom that limit would have rejected at least one request in the last second or hour.",
        )

    def dump(self) -> dict[str, Any]:
        policies = self._saved if self._policies is None else {p: tried.dump() for p, tried in self._policies.items()}
        return {**self._whole.dump(), "service": self._service, "policies": policies, "index": self._index}

    def load(self, state: dict[str, Any]) -> None:
        """Limits that changed settings still have with the same burst go on; all others begin anew."""
        self._whole.load(state)
        # Earlier releases had none.
        self._saved = state.get("policies", {})
        if state.get("service"):
            # Their series end also when nothing more is heard before the next window.
            self._of_policies(state["service"])
        self._index = state["index"]


def _rung(limit: float, burst_seconds: float) -> Rung:
    """Of all requests of a user. A bucket holds at least one."""
    labels = {"limit": f"{limit:g}", "burst": f"{burst_seconds:g}"}
    return Rung(limit, max(1.0, limit * burst_seconds), (limit, burst_seconds), labels)


def _policy_rung(policy: str, tried: PolicyLimit) -> Rung:
    """`burst` is in requests here, as people write it beside a limit by the minute."""
    key = (str(tried.limit), tried.burst)
    labels = {"policy": policy, "limit": key[0], "burst": f"{tried.burst:g}"}
    return Rung(tried.limit.per_second, tried.burst, key, labels)
