"""The rows of a closed window: what each user sent in it, under which policy, and how much of it was throttled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reduse.history.rows import NO_POLICY, Int64, UInt8, UInt64, WindowRows
from reduse.processor.core.window import ClosedWindow

_Columns = tuple[UInt64, UInt8, Int64, Int64, Int64]


def rows(window: ClosedWindow, number: int) -> WindowRows:
    """All of the window; its index is the second that it begins with. Rows that say nothing are left out."""
    totals = tuple((load.count, load.microseconds) for load in (window.anonymous, window.overflow, window.untracked))
    policies = (NO_POLICY, *sorted({each.policy for each in window.classes} - {NO_POLICY}))
    if window.classes:
        columns = _by_policy(window, policies)
    else:
        size = len(window.users)
        # Of zeros that take no room.
        no_policy, nothing = np.broadcast_to(np.uint8(0), size), np.broadcast_to(np.int64(0), size)
        columns = _some(window.users, no_policy, window.counts, nothing, window.microseconds)
    return WindowRows(window.service, window.index, number, totals, policies, *columns)


def _some(users: UInt64, policy: UInt8, counts: Int64, throttled: Int64, microseconds: Int64) -> _Columns:
    """Those rows that say something."""
    kept = (counts != 0) | (microseconds != 0)
    if kept.all():
        return users, policy, counts, throttled, microseconds
    return users[kept], policy[kept], counts[kept], throttled[kept], microseconds[kept]


def _by_policy(window: ClosedWindow, policies: Sequence[str]) -> _Columns:
    parts = [_under(window, name, number) for number, name in enumerate(policies)]
    users, policy, counts, throttled, microseconds = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # Policies of a user stay in their order.
    order = np.argsort(users, kind="stable")
    return users[order], policy[order], counts[order], throttled[order], microseconds[order]


def _under(window: ClosedWindow, policy: str, number: int) -> _Columns:
    """Under one policy; under none is what is in no class, or in those of throttled requests under none."""
    counts, throttled, microseconds = (np.zeros(len(window.users), np.int64) for _ in range(3))
    if policy == NO_POLICY:
        counts += window.counts
        microseconds += window.microseconds
    for each in window.classes:
        if each.policy == policy:
            throttled[each.rows] += each.counts if each.throttled else 0
        if each.policy == policy != NO_POLICY:
            counts[each.rows] += each.counts
            microseconds[each.rows] += each.microseconds
        elif each.policy != policy == NO_POLICY:
            counts[each.rows] -= each.counts
            microseconds[each.rows] -= each.microseconds
    return _some(window.users, np.full(len(window.users), number, np.uint8), counts, throttled, microseconds)
