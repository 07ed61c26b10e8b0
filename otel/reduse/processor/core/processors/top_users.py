"""The users with the highest load, with steady membership, and all the others as one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from reduse.processor.core.columns import Bool, Int64, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.metric import Labels, Metric, Point, Shape, points_of
from reduse.processor.core.options import MEMBERS_FACTOR
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import ClosedWindow, Load

OTHER = "other"
ANONYMOUS = "anonymous"
# Unix time has no leap seconds.
DAY = 86_400 * NANOSECONDS
# A member leaves after this many windows in a row outside the top K.
LEAVE_AFTER = 10
# Members of a hundred services, and those who left lately: of the two gauges and of all services the same object.
LABELS_KEPT = 16_384

_OTHERS = Labels(user=OTHER), Labels(user=ANONYMOUS)


@lru_cache(LABELS_KEPT)
def user_labels(user: int) -> Labels:
    """With the hash as the service sent it: 16 hex digits."""
    return Labels(user=f"{user:016x}")


def top(users: UInt64, weights: Int64, k: int) -> UInt64:
    """The k users of highest positive weight; equal weights by user, so that every order gives the same."""
    return _top(users, weights, min(k, len(users)))


@compiled
def _top(users: UInt64, weights: Int64, k: int) -> UInt64:
    # A heap of rows: whoever is in it comes before the two below it, the last of them all first.
    rows = np.empty(k, np.int64)
    size = 0
    least = 1
    for row in range(len(users)):
        if weights[row] < least or k == 0:
            continue
        if size < k:
            at = size
            size += 1
            while at > 0 and _is_before(users, weights, rows[(at - 1) // 2], row):
                rows[at] = rows[(at - 1) // 2]
                at = (at - 1) // 2
            rows[at] = row
        elif _is_before(users, weights, row, rows[0]):
            _put(users, weights, rows, size, row)
        if size == k:
            least = weights[rows[0]]
    found = np.empty(size, np.uint64)
    while size > 0:
        size -= 1
        found[size] = users[rows[0]]
        _put(users, weights, rows, size, rows[size])
    return found


@compiled
def _put(users: UInt64, weights: Int64, rows: Int64, size: int, row: int) -> None:
    """In the place of the first of a heap of this size."""
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and _is_before(users, weights, rows[below], rows[below + 1]):
            below += 1
        if _is_before(users, weights, rows[below], row):
            break
        rows[at] = rows[below]
        at = below
    rows[at] = row


@compiled
def _is_before(users: UInt64, weights: Int64, row: int, other: int) -> bool:
    if weights[row] != weights[other]:
        return bool(weights[row] > weights[other])
    return bool(users[row] < users[other])


class Membership:
    """Who has a series of their own. Whoever is in the top K is in; a leaver stays for LEAVE_AFTER windows.

    In a day of event time (UTC) at most `labels_per_day` users come in, those who are in at midnight included. Then
    who was in that day may come back, but nobody new: they stay among the others.
    """

    def __init__(self, k: int, labels_per_day: int) -> None:
        self._members_limit = MEMBERS_FACTOR * k
        self._labels_per_day = labels_per_day
        # Sorted; and for how many windows each is outside the top K.
        self._members: UInt64 = np.empty(0, np.uint64)
        self._outside: Int64 = np.empty(0, np.int64)
        self._day = 0
        self._labelled: set[int] = set()
        # How often somebody of the top K was not let in.
        self.refused = 0

    def update(self, leaders: UInt64, day: int) -> tuple[UInt64, UInt64]:
        """(members, users who just left), both sorted; `leaders` are the top K, the first one first."""
        self._members, self._outside, left = _update(
            self._members, self._outside, self._admitted(leaders, day), self._members_limit
        )
        return self._members, left

    def _admitted(self, leaders: UInt64, day: int) -> UInt64:
        if day != self._day:
            self._day, self._labelled = day, set(self._members.tolist())
        leading: list[int] = leaders.tolist()
        if self._labelled.issuperset(leading):
            return leaders
        admitted = []
        for user in leading:
            if user in self._labelled or len(self._labelled) < self._labels_per_day:
                self._labelled.add(user)
                admitted.append(user)
        self.refused += len(leading) - len(admitted)
        return np.array(admitted, np.uint64)

    def clear(self) -> UInt64:
        """Everybody leaves."""
        left = self._members
        self._members, self._outside = np.empty(0, np.uint64), np.empty(0, np.int64)
        return left

    def dump(self) -> dict[str, Any]:
        return {
            "outside": list(zip(self._members.tolist(), self._outside.tolist(), strict=True)),
            "day": self._day,
            "labelled": sorted(self._labelled),
            "refused": self.refused,
        }

    def load(self, state: dict[str, Any]) -> None:
        self._members = np.array([user for user, _ in state["outside"]], np.uint64)
        self._outside = np.array([windows for _, windows in state["outside"]], np.int64)
        self._day, self._labelled, self.refused = state["day"], set(state["labelled"]), state["refused"]


@compiled
def _update(members: UInt64, outside: Int64, leaders: UInt64, limit: int) -> tuple[UInt64, Int64, UInt64]:
    """One window later: (members, for how many windows each is outside, who left), by user.

    Beyond the limit those outside for longest leave; of these the users with the greatest numbers.
    """
    users, windows, was_member = _candidates(members, outside, np.sort(leaders))
    by_windows = np.zeros(LEAVE_AFTER, np.int64)
    for passed in windows:
        if passed < LEAVE_AFTER:
            by_windows[passed] += 1
    # All who are outside for less than `most` stay, and `room` of those who are so for as long.
    most, room = 0, limit
    while most < LEAVE_AFTER and by_windows[most] <= room:
        room -= by_windows[most]
        most += 1
    stay, outside_for, left = np.empty_like(users), np.empty_like(windows), np.empty_like(users)
    stays = leaves = 0
    for place in range(len(users)):
        passed = windows[place]
        if passed < most or (passed == most and most < LEAVE_AFTER and room > 0):
            room -= passed == most
            stay[stays], outside_for[stays] = users[place], passed
            stays += 1
        elif was_member[place]:
            left[leaves] = users[place]
            leaves += 1
    return stay[:stays], outside_for[:stays], left[:leaves]


@compiled
def _candidates(members: UInt64, outside: Int64, leaders: UInt64) -> tuple[UInt64, Int64, Bool]:
    """Members and leaders, both sorted, as one: users, for how many windows they are outside, whether they were in."""
    most = len(members) + len(leaders)
    users, windows, was_member = np.empty(most, np.uint64), np.zeros(most, np.int64), np.zeros(most, np.bool_)
    member = leader = size = 0
    while member < len(members) or leader < len(leaders):
        leads = leader < len(leaders) and (member == len(members) or leaders[leader] <= members[member])
        was = member < len(members) and (leader == len(leaders) or members[member] <= leaders[leader])
        users[size] = leaders[leader] if leads else members[member]
        windows[size] = 0 if leads else outside[member] + 1
        was_member[size] = was
        leader += leads
        member += was
        size += 1
    return users[:size], windows[:size], was_member[:size]


class _TopUsers(Processor):
    """A gauge by `user`: members, `other` (all further users, and overflow) and `anonymous`; they sum to the total."""

    metric: ClassVar[str]
    unit: ClassVar[str]
    description: ClassVar[str]
    divisor: ClassVar[int]

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
            "Users of the top K, second by second, who got no series because the day's bound was reached.",
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
