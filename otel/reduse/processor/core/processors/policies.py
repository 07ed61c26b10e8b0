"""What was under each policy, and what the service itself refused with 429."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64
from reduse.processor.core.metric import Column, Labels, Metric, Series, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.last_seen import LastSeen
from reduse.processor.core.processors.tried_limits import HOUR
from reduse.processor.core.window import ClosedWindow
from reduse.wire import MOST_POLICIES

# Policies that are told of; who had the fewest users in the last hour makes room.
_KEPT = 2 * MOST_POLICIES
_NOBODY = np.empty(0, np.int64), np.empty(0, np.int64)


class _Counted:
    """Requests since the beginning, and the users who sent them lately."""

    def __init__(self, policy: str) -> None:
        named = {"policy": policy} if policy else {}
        self.labels = Labels(**named)
        self.user_labels = [Labels(**named, window=window) for window in ("1s", "1h")]
        self.requests = 0
        self.seen = LastSeen(HOUR)
        self._in_window = 0

    def add(self, window: ClosedWindow, rows: Int64, counts: Int64) -> None:
        self.requests += int(counts.sum())
        active = rows[counts > 0]
        self.seen.see(window.numbers[active], window.index, window.numbers_end)
        self._in_window = len(active)

    def was_active(self) -> bool:
        """Whether anybody was in the last hour."""
        return self.seen.active(HOUR) > 0

    def users(self) -> tuple[int, int]:
        """Of the last second and hour."""
        return self._in_window, self.seen.active(HOUR)

    def dump(self) -> dict[str, Any]:
        return {"requests": self.requests, "seen": self.seen.dump()}

    def load(self, state: dict[str, Any]) -> None:
        self.requests = state["requests"]
        self.seen.load(state["seen"])


class Policies(Processor):
    """`reduse.policy.requests` and `.users` by `policy`; `reduse.throttled.requests` and `.users` by `policy` too.

    Of identified users. What was throttled under no policy has no label `policy`. Users are those of the window of 1 s,
    and of the last hour.
    """

    name = "policies"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._under: dict[str, _Counted] = {}
        self._throttled: dict[str, _Counted] = {"": _Counted("")}
        # What was yielded when nobody had been seen for an hour: it is so until somebody is.
        self._unchanged: tuple[Metric, ...] = ()

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        # Whatever else is left out: the state is not to depend on when it was loaded.
        if len(window.forgotten):
            for each in self._all():
                each.seen.forget(window.forgotten)
        if window.classes or not self._unchanged:
            metrics = tuple(self._counted(window))
            self._unchanged = () if any(map(_Counted.was_active, self._all())) else metrics
            return metrics
        return self._unchanged

    def _all(self) -> Iterator[_Counted]:
        yield from self._under.values()
        yield from self._throttled.values()

    def _counted(self, window: ClosedWindow) -> Iterable[Metric]:
        for policy in sorted({each.policy for each in window.classes} - self._under.keys() - {""}):
            self._under[policy] = _Counted(policy)
            self._throttled[policy] = _Counted(policy)
        for policy, counted in self._under.items():
            counted.add(window, *window.under(policy))
        throttled = {each.policy: (each.rows, each.counts) for each in window.classes if each.throttled}
        for policy, counted in self._throttled.items():
            counted.add(window, *throttled.get(policy, _NOBODY))
        self._make_room()
        if self._under:
            yield _requests("reduse.policy.requests", self._under, "Requests of identified users under a policy.")
        yield _requests(
            "reduse.throttled.requests", self._throttled, "Requests of identified users that were answered with 429."
        )
        yield from self._users()

    def _make_room(self) -> None:
        while len(self._under) > _KEPT:
            name = min(self._under, key=lambda policy: (self._under[policy].users()[1], policy))
            del self._under[name], self._throttled[name]

    def quiet(self) -> Iterable[Metric]:
        return self._users(ended=True)

    def _users(self, *, ended: bool = False) -> Iterable[Metric]:
        if self._under:
            yield _users("reduse.policy.users", self._under, "Users with requests under a policy.", ended=ended)
        yield _users(
            "reduse.throttled.users", self._throttled, "Users of whom a request was answered with 429.", ended=ended
        )

    def dump(self) -> dict[str, Any]:
        return {
            "under": {policy: counted.dump() for policy, counted in self._under.items()},
            "throttled": {policy: counted.dump() for policy, counted in self._throttled.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        self._unchanged = ()
        for found, saved in ((self._under, state["under"]), (self._throttled, state["throttled"])):
            for policy, counted in saved.items():
                found.setdefault(policy, _Counted(policy)).load(counted)


def _requests(name: str, counted: dict[str, _Counted], tells: str) -> Metric:
    points = Column([each.requests for each in counted.values()], Series(each.labels for each in counted.values()))
    return Metric(name, "{request}", Shape.COUNTER, points, tells)


def _users(name: str, counted: dict[str, _Counted], tells: str, *, ended: bool) -> Metric:
    values = [None if ended else number for each in counted.values() for number in each.users()]
    series = Series(one for each in counted.values() for one in each.user_labels)
    return Metric(name, "{user}", Shape.GAUGE, Column(values, series), tells)
