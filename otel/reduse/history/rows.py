"""The rows of closed windows, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]

# The policy of requests that are under none.
NO_POLICY = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """One row for each (user, policy, second) with requests.

    `policy` are indices into `policies`, whose first is NO_POLICY and whose others are sorted. `seconds` are the
    starts of the windows, in Unix seconds.
    """

    policies: tuple[str, ...]
    users: UInt64
    policy: UInt8
    seconds: Int64
    counts: Int64
    throttled: Int64
    microseconds: Int64

    def __len__(self) -> int:
        return len(self.users)

    def where(self, rows: npt.NDArray[np.bool_] | slice) -> Rows:
        """Some of them, in the same order."""
        return Rows(
            self.policies,
            self.users[rows],
            self.policy[rows],
            self.seconds[rows],
            self.counts[rows],
            self.throttled[rows],
            self.microseconds[rows],
        )


@dataclass(frozen=True, slots=True)
class WindowRows:
    """One closed window of a service: its rows sorted by user and policy, and the requests of nobody in particular.

    `number` counts the windows of one source in the order in which they closed: the next one has the next number.
    `totals` are requests and microseconds of each of schema.UNIDENTIFIED. Numbers are of 32 bits where they come from a
    journal and are small enough.
    """

    service: str
    second: int
    number: int
    totals: tuple[tuple[int, int], ...]
    policies: tuple[str, ...]
    users: UInt64
    policy: UInt8
    counts: Int64
    throttled: Int64
    microseconds: Int64

    def __len__(self) -> int:
        return len(self.users)


def in_order(windows: Sequence[WindowRows]) -> Rows:
    """The rows of windows of one service, in order of time, sorted by user, policy and second."""
    policies = (NO_POLICY, *sorted({name for window in windows for name in window.policies} - {NO_POLICY}))
    users = np.concatenate([np.empty(0, np.uint64), *(window.users for window in windows)])
    policy = _joined([_renumbered(window, policies) for window in windows], np.uint8)
    # Each window's users are sorted already, which this sort makes use of.
    order = np.argsort(users, kind="stable")
    users = np.take(users, order)
    if policy is not None:
        policy = np.take(policy, order)
        within = _by_policy_within_user(users, policy)
        order, policy = np.take(order, within), np.take(policy, within)
    lengths = [len(window.users) for window in windows]
    seconds = np.repeat(np.array([window.second for window in windows], np.int64), lengths)

    def column(parts: Sequence[Int64]) -> Int64:
        joined = _joined(parts, np.uint32)
        return np.zeros(len(order), np.int64) if joined is None else np.take(joined, order).astype(np.int64, copy=False)

    return Rows(
        policies,
        users,
        np.zeros(len(order), np.uint8) if policy is None else policy,
        np.take(seconds, order),
        column([window.counts for window in windows]),
        column([window.throttled for window in windows]),
        column([window.microseconds for window in windows]),
    )


def _by_policy_within_user(users: UInt64, policy: UInt8) -> Int64:
    """The order by user, then policy, of rows sorted by user; what has both alike stays as it is."""
    numbers = np.cumsum(np.concatenate([[False], users[1:] != users[:-1]]))
    return np.argsort(numbers << 8 | policy, kind="stable")


def _renumbered(window: WindowRows, policies: tuple[str, ...]) -> UInt8:
    if window.policies == policies[: len(window.policies)]:
        return window.policy
    return np.array([policies.index(name) for name in window.policies], np.uint8)[window.policy]


def _joined(parts: Sequence[Any], least: type[np.generic]) -> Any:
    """One after the other, in the smallest type that all have; None when all are 0, as most columns of some are."""
    if not any(part.any() for part in parts):
        return None
    return np.concatenate([np.empty(0, least), *parts])
