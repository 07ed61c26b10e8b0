"""How many users were active lately."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64, UInt64
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.window import ClosedWindow

# Windows of one second: active means at least one request in the last minute.
ACTIVE_WINDOWS = 60


class ActiveUsers(Processor):
    """`reduse.users.active`: distinct identified users of the last 60 s, exact.

    State: user and last window, 16 bytes each. Beyond `user_limit` those unseen for longest are dropped and
    counted, and the gauge is a lower bound.
    """

    name = "active-users"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._users: UInt64 = np.empty(0, np.uint64)  # sorted
        self._last: Int64 = np.empty(0, np.int64)

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        self._see(window.users[window.counts > 0], window.index)
        self._keep(self._last > window.index - ACTIVE_WINDOWS)
        beyond = len(self._users) - self.options.user_limit
        if beyond > 0:
            self.dropped_users += beyond
            keep = np.ones(len(self._users), np.bool_)
            keep[np.lexsort((self._users, self._last))[:beyond]] = False
            self._keep(keep)
        yield self._as_metric(len(self._users))

    def quiet(self) -> Iterable[Metric]:
        yield self._as_metric(None)

    def _see(self, users: UInt64, index: int) -> None:
        at = np.searchsorted(self._users, users)
        known = at < len(self._users)
        known[known] = self._users[at[known]] == users[known]
        self._last[at[known]] = index
        self._users = np.insert(self._users, at[~known], users[~known])
        self._last = np.insert(self._last, at[~known], index)

    def _keep(self, keep: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
        if not keep.all():
            self._users, self._last = self._users[keep], self._last[keep]

    @staticmethod
    def _as_metric(value: int | None) -> Metric:
        return Metric(
            "reduse.users.active", "{user}", Shape.GAUGE, (Point(value),), "Users with a request in the last minute."
        )

    def dump(self) -> dict[str, Any]:
        return {"users": self._users, "last": self._last}

    def load(self, state: dict[str, Any]) -> None:
        self._users, self._last = state["users"], state["last"]
