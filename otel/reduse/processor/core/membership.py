"""Who has a series of their own, with steady membership."""

from __future__ import annotations

from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Int64, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.options import MEMBERS_FACTOR

# A member leaves after this many windows in a row outside the top K.
LEAVE_AFTER = 10


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
        self._members, self._outside, left = one_window_later(
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
def one_window_later(members: UInt64, outside: Int64, leaders: UInt64, limit: int) -> tuple[UInt64, Int64, UInt64]:
    """One window later: (members, for how many windows each is outside, who left), by user.

    Beyond the limit those outside for longest leave; of these the users with the greatest numbers.
    """
    users, windows, was_member = _joined(members, outside, np.sort(leaders))
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
def _joined(members: UInt64, outside: Int64, leaders: UInt64) -> tuple[UInt64, Int64, Bool]:
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
