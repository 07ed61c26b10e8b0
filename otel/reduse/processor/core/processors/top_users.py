"""The users with the highest load, with steady membership, and all the others as one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from reduse.processor.core.columns import Int64, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.membership import Membership
from reduse.processor.core.metric import Labels, Metric, Point, Shape, points_of
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.top import top
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import ClosedWindow, Load

OTHER = "other"
ANONYMOUS = "anonymous"
# Unix time has no leap seconds.
DAY = 86_400 * NANOSECONDS
# Members of a hundred services, and those who left lately: of the two gauges and of all services the same object.
LABELS_KEPT = 16_384

_OTHERS = Labels(user=OTHER), Labels(user=ANONYMOUS)


@lru_cache(LABELS_KEPT)
def user_labels(user: int) -> Labels:
    """With the hash as the service sent it: 16 hex digits."""
    return Labels(user=f"{user:016x}")


class _TopUsers(Processor):
    """A gauge by `user`: members, `other` (all further users, and overflow) and `anonymous`; they sum to the total."""

    metric: ClassVar[str]
    unit: ClassVar[str]
    description: ClassVar[str]
    divisor: ClassVar[int]
    of_joined_window = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._members = Membership(options.top_k, options.labels_per_day)

    @abstractmethod
    def weights(self, window: ClosedWindow) -> Int64: ...

    @abstractmethod
    def total(self, window: ClosedWindow) -> int: ...

    @abstractmethod
    def weight(self, load: Load) -> int: ...

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        weights = self.weights(window)
        members, left = self._members.update(top(window.users, weights, self.options.top_k), window.start // DAY)
        values = _of(members, window.users, weights)
        other = self.total(window) - sum(values) + self.weight(window.overflow) + self.weight(window.untracked)
        scale = self.divisor * window.length
        shown = [value / scale for value in (*values, other, self.weight(window.anonymous))]
        yield self._as_metric(
            [*shown, *[None] * len(left)], [*map(user_labels, members), *_OTHERS, *map(user_labels, left)]
        )

    def quiet(self) -> Iterable[Metric]:
        labels = [*map(user_labels, self._members.clear().tolist()), *_OTHERS]
        yield self._as_metric([None] * len(labels), labels)

    def _as_metric(self, values: Sequence[float | None], labels: Sequence[Labels]) -> Metric:
        return Metric(self.metric, self.unit, Shape.GAUGE, points_of(values, labels), self.description)

    def dump(self) -> dict[str, Any]:
        return {"members": self._members.dump()}

    def load(self, state: dict[str, Any]) -> None:
        self._members.load(state["members"])


def _of(members: UInt64, users: UInt64, weights: Int64) -> list[int]:
    """Each member's weight, 0 for those without a row."""
    found = np.zeros(len(members), np.int64)
    _look_up(members, users, weights, found)
    return found.tolist()


@compiled
def _look_up(members: UInt64, users: UInt64, weights: Int64, found: Int64) -> None:
    for place in range(len(members)):
        row = np.searchsorted(users, members[place])
        if row < len(users) and users[row] == members[place]:
            found[place] = weights[row]


class UserRate(_TopUsers):
    name = "user-rate"
    metric = "reduse.user.rate"
    unit = "{request}/s"
    description = "Requests a second of the most active users, of all the others and of nobody known."
    divisor = 1

    def weights(self, window: ClosedWindow) -> Int64:
        return window.counts

    def total(self, window: ClosedWindow) -> int:
        return window.requests

    def weight(self, load: Load) -> int:
        return load.count

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        yield from super().process(window)
        yield Metric(
            "reduse.user.labels.refused",
            "{user}",
            Shape.COUNTER,
            (Point(self._members.refused),),
            "Users of the top K, second by second, who got no series because the daily limit was reached.",
        )


class UserConcurrency(_TopUsers):
    """Server seconds per second: by Little's law the mean number of requests in flight."""

    name = "user-concurrency"
    metric = "reduse.user.concurrency"
    unit = "{request}"
    description = (
        "Mean number of requests in flight, of the users with the most, of all the others and of nobody known."
    )
    divisor = 1_000_000

    def weights(self, window: ClosedWindow) -> Int64:
        return window.microseconds

    def total(self, window: ClosedWindow) -> int:
        return window.busy

    def weight(self, load: Load) -> int:
        return load.microseconds
