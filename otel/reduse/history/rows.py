"""The rows of closed windows, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]

_Number = TypeVar("_Number", bound=np.generic)

# Of a piece of sorted rows: what is done with it stays in the processor's caches.
PIECE_ROWS = 1 << 17

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


def stable_order(users: UInt64) -> Int64:
    """The order in which they are sorted; what is alike stays in its order."""
    return np.argsort(users, kind="stable")


def in_order(windows: Sequence[WindowRows], order: Callable[[UInt64], Int64] = stable_order) -> Iterator[Rows]:
    """The rows of windows of one service, in order of time, sorted by user, policy and second: in pieces of about
    PIECE_ROWS, so that they are sorted within the processor's caches. All rows of a user are in the same piece."""
    policies = (NO_POLICY, *sorted({name for window in windows for name in window.policies} - {NO_POLICY}))
    numbered = [_renumbered(window, policies) for window in windows]
    seconds = np.array([window.second for window in windows], np.int64)
    for cut in _cuts([window.users for window in windows]):
        lengths = [each.stop - each.start for each in cut]
        if not sum(lengths):
            continue
        users = _joined([window.users for window in windows], cut)
        # Each window's users are sorted already, and different but for policies.
        by_user = order(users)
        users = np.take(users, by_user)
        policy = np.zeros(len(users), np.uint8)
        if len(policies) > 1:
            policy = np.take(_joined(numbered, cut), by_user)
            within = _by_policy_within_user(users, policy)
            by_user, policy = np.take(by_user, within), np.take(policy, within)
        yield Rows(
            policies,
            users,
            policy,
            np.take(np.repeat(seconds, lengths), by_user),
            *(
                np.take(_joined(column, cut), by_user).astype(np.int64, copy=False)
                for column in (
                    [window.counts for window in windows],
                    [window.throttled for window in windows],
                    [window.microseconds for window in windows],
                )
            ),
        )


def _cuts(users: Sequence[UInt64]) -> Iterator[list[slice]]:
    """Of each piece, the rows of each window."""
    step = max(1, PIECE_ROWS // (4 * max(1, len(users))))
    samples = np.sort(np.concatenate([np.empty(0, np.uint64), *(each[step - 1 :: step] for each in users)]))
    every = max(1, PIECE_ROWS // step)
    bounds = np.unique(samples[every::every])
    places = [[0, *np.searchsorted(each, bounds).tolist(), len(each)] for each in users]
    for number in range(len(bounds) + 1):
        yield [slice(of_window[number], of_window[number + 1]) for of_window in places]


def _joined(parts: Sequence[npt.NDArray[_Number]], cut: Sequence[slice]) -> npt.NDArray[_Number]:
    return np.concatenate([part[rows] for part, rows in zip(parts, cut, strict=True)])


def _by_policy_within_user(users: UInt64, policy: UInt8) -> Int64:
    """The order by user, then policy, of rows sorted by user; what has both alike stays as it is."""
    numbers = np.cumsum(np.concatenate([[False], users[1:] != users[:-1]]))
    return np.argsort(numbers << 8 | policy, kind="stable")


def _renumbered(window: WindowRows, policies: tuple[str, ...]) -> UInt8:
    if window.policies == policies[: len(window.policies)]:
        return window.policy
    return np.array([policies.index(name) for name in window.policies], np.uint8)[window.policy]
