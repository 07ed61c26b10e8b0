"""The rows of a closed window: what each user sent in it, under which policy, and how much of it was throttled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from reduse.history.rows import NO_POLICY, Int64, UInt8, UInt64, WindowRows


class Load(Protocol):
    """Requests, and the microseconds that the server spent on them."""

    @property
    def count(self) -> int: ...
    @property
    def microseconds(self) -> int: ...


class ClassRows(Protocol):
    """Of the requests of a window those under one policy, throttled or not: one row for each user, sorted by user."""

    @property
    def policy(self) -> str: ...
    @property
    def throttled(self) -> bool: ...
    @property
    def users(self) -> UInt64: ...
    @property
    def counts(self) -> Int64: ...
    @property
    def microseconds(self) -> Int64: ...


class Window(Protocol):
    """A core's ClosedWindow. Its `classes`, a sequence of ClassRows, has what is under a policy or throttled."""

    @property
    def service(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def users(self) -> UInt64: ...
    @property
    def counts(self) -> Int64: ...
    @property
    def microseconds(self) -> Int64: ...
    @property
    def anonymous(self) -> Load: ...
    @property
    def overflow(self) -> Load: ...
    @property
    def untracked(self) -> Load: ...


def rows(window: Window, number: int) -> WindowRows:
    """All of the window; its index is the second that it begins with. Rows that say nothing are left out."""
    totals = tuple((load.count, load.microseconds) for load in (window.anonymous, window.overflow, window.untracked))
    classes: tuple[ClassRows, ...] = tuple(getattr(window, "classes", ()))
    policies = (NO_POLICY, *sorted({each.policy for each in classes} - {NO_POLICY}))
    columns = _columns(window, classes, policies) if classes else _unclassed(window)
    says_something = (columns[2] != 0) | (columns[4] != 0)
    if not says_something.all():
        users, policy, counts, throttled, microseconds = columns
        columns = (
            users[says_something],
            policy[says_something],
            counts[says_something],
            throttled[says_something],
            microseconds[says_something],
        )
    return WindowRows(window.service, window.index, number, totals, policies, *columns)


_Columns = tuple[UInt64, UInt8, Int64, Int64, Int64]


def _unclassed(window: Window) -> _Columns:
    size = len(window.users)
    return window.users, np.zeros(size, np.uint8), window.counts, np.zeros(size, np.int64), window.microseconds


def _columns(window: Window, classes: Iterable[ClassRows], policies: tuple[str, ...]) -> _Columns:
    """A table of users and policies, of which the cells become rows in the order of users, then policies."""
    shape = len(window.users), len(policies)
    counts, throttled, microseconds = (np.zeros(shape, np.int64) for _ in range(3))
    counts[:, 0], microseconds[:, 0] = window.counts, window.microseconds
    for each in classes:
        at, column = np.searchsorted(window.users, each.users), policies.index(each.policy)
        # What is in no class stays under no policy.
        counts[at, 0] -= each.counts
        microseconds[at, 0] -= each.microseconds
        counts[at, column] += each.counts
        microseconds[at, column] += each.microseconds
        if each.throttled:
            throttled[at, column] += each.counts
    policy = np.tile(np.arange(len(policies), dtype=np.uint8), shape[0])
    users = np.repeat(window.users, len(policies))
    return users, policy, counts.ravel(), throttled.ravel(), microseconds.ravel()
