"""The rows of closed windows, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]

# Of a piece of sorted rows: what is done with it stays in the processor's caches.
PIECE_ROWS = 1 << 16

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

    def part(self, first: int, end: int) -> WindowRows:
        """The rows from one place up to another."""
        if (first, end) == (0, len(self)):
            return self
        rows = slice(first, end)
        return replace(
            self,
            users=self.users[rows],
            policy=self.policy[rows],
            counts=self.counts[rows],
            throttled=self.throttled[rows],
            microseconds=self.microseconds[rows],
        )


def stable_order(users: UInt64) -> Int64:
    """The order in which they are sorted; what is alike stays in its order."""
    return np.argsort(users, kind="stable")


class StoredWindow(Protocol):
    """A closed window, of which parts are read as they are needed; `len` of it are its rows."""

    @property
    def second(self) -> int: ...

    @property
    def policies(self) -> tuple[str, ...]: ...

    def __len__(self) -> int: ...

    def users(self) -> UInt64:
        """Of all rows."""

    def part(self, first: int, end: int) -> WindowRows:
        """The rows from one place up to another."""


def in_order(windows: Sequence[StoredWindow], order: Callable[[UInt64], Int64] = stable_order) -> Iterator[Rows]:
    """The rows of windows of one service, in order of time, sorted by user, policy and second: in pieces of about
    PIECE_ROWS, which are in memory one at a time. All rows of a user are in the same piece."""
    policies = (NO_POLICY, *sorted({name for window in windows for name in window.policies} - {NO_POLICY}))
    seconds = np.array([window.second for window in windows], np.int64)
    for places in _cuts(windows):
        parts = [window.part(first, end) for window, (first, end) in zip(windows, places, strict=True)]
        yield _piece(parts, policies, np.repeat(seconds, [len(part) for part in parts]), order)


def _cuts(windows: Sequence[StoredWindow]) -> Iterator[list[tuple[int, int]]]:
    """Of each piece that is not empty, the rows of each window: from one place up to another."""
    in_all = sum(map(len, windows))
    bounds = np.empty(0, np.uint64)
    if in_all > PIECE_ROWS:
        step = max(1, PIECE_ROWS // (4 * len(windows)))
        samples = np.sort(np.concatenate([window.users()[step - 1 :: step] for window in windows]))
        every = max(1, PIECE_ROWS // step)
        bounds = np.unique(samples[every::every])
    inner = [np.searchsorted(window.users(), bounds).tolist() if len(bounds) else [] for window in windows]
    places = [[0, *of_window, len(window)] for of_window, window in zip(inner, windows, strict=True)]
    for number in range(len(bounds) + 1):
        cut = [(of_window[number], of_window[number + 1]) for of_window in places]
        if any(end > first for first, end in cut):
            yield cut


def _piece(
    parts: Sequence[WindowRows], policies: tuple[str, ...], seconds: Int64, order: Callable[[UInt64], Int64]
) -> Rows:
    users = np.concatenate([part.users for part in parts])
    # Those of each window are sorted already, and different but for policies.
    by_user = order(users)
    users = np.take(users, by_user)
    policy = np.zeros(len(users), np.uint8)
    if len(policies) > 1:
        policy = np.take(np.concatenate([_renumbered(part, policies) for part in parts]), by_user)
        within = _by_policy_within_user(users, policy)
        by_user, policy = np.take(by_user, within), np.take(policy, within)

    def column(of_parts: Sequence[Int64]) -> Int64:
        return np.take(np.concatenate(of_parts), by_user).astype(np.int64, copy=False)

    return Rows(
        policies,
        users,
        policy,
        column([seconds]),
        column([part.counts for part in parts]),
        column([part.throttled for part in parts]),
        column([part.microseconds for part in parts]),
    )


def _by_policy_within_user(users: UInt64, policy: UInt8) -> Int64:
    """The order by user, then policy, of rows sorted by user; what has both alike stays as it is."""
    numbers = np.cumsum(np.concatenate([[False], users[1:] != users[:-1]]))
    return np.argsort(numbers << 8 | policy, kind="stable")


def _renumbered(window: WindowRows, policies: tuple[str, ...]) -> UInt8:
    if window.policies == policies[: len(window.policies)]:
        return window.policy
    return np.array([policies.index(name) for name in window.policies], np.uint8)[window.policy]
