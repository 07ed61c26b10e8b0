"""The token buckets of all users under the limits of a ladder, of which only those that are not full are kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt32
from reduse.processor.core.compiled import compiled

_NOBODY = np.empty(0, np.int64)


class Spent(NamedTuple):
    """What became of one window, at each limit: requests refused, and the numbers of the users whose they were.

    Those of a limit are the `numbers` before its end in `ends`, from that of the limit before.
    """

    rejected: list[int]
    numbers: Int64
    ends: Int64

    @property
    def touched(self) -> list[Int64]:
        """The numbers, by limit."""
        return [self.numbers[begin:end] for begin, end in pairwise([0, *self.ends.tolist()])]


@compiled
def _spend(
    held: Int64,
    tokens: Float64,
    held_ends: Int64,
    limits: Float64,
    capacities: Float64,
    rows: UInt32,
    counts: Int64,
    numbers: Int64,
    missed: float,
    seconds: float,
) -> tuple[Int64, Float64, Int64, Int64, Int64, Int64]:
    """One window of the buckets that are held and of those that were full: what is not full after it.

    Args:
        held: by limit, one after another, the numbers of the users whose buckets are not full; what these have is in
            `tokens`, where each limit ends in `held_ends`.
        tokens: see above.
        held_ends: see above.
        limits: they rise.
        capacities: of a bucket, by limit.
        rows: 0 for all numbers; it is so again at the end.
        counts: what each user of the window has sent.
        numbers: of these users.
        missed: so many seconds before the window, in which nobody has sent anything.
        seconds: length of the window.

    Returns:
        What is held then: numbers, tokens and ends; numbers of the users refused something, by limit, and ends;
        requests refused.
    """
    # Nothing else drains a full bucket than more than what flows in. Limits rise: what drains one drains those before.
    draining = np.flatnonzero(counts > np.floor(limits[0] * seconds))
    size, room = len(draining), len(held)
    narrowed = draining.copy()
    for limit in limits:
        size = _narrow(narrowed, size, counts, np.floor(limit * seconds))
        room += size
    kept, left, touched = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    kept_ends, touched_ends, rejected = np.empty_like(held_ends), np.empty_like(held_ends), np.empty_like(held_ends)
    for row in range(len(numbers)):
        rows[numbers[row]] = row + 1
    size = len(draining)
    begin, keeps, touches = 0, 0, 0
    for rung in range(len(limits)):
        end, limit = held_ends[rung], limits[rung]
        size = _narrow(draining, size, counts, np.floor(limit * seconds))
        more_kept, more_touched, rejected[rung] = _spend_one(
            held[begin:end],
            tokens[begin:end],
            draining[:size],
            rows,
            counts,
            numbers,
            limit * missed,
            limit * seconds,
            capacities[rung],
            kept[keeps:],
            left[keeps:],
            touched[touches:],
        )
        keeps, touches, begin = keeps + more_kept, touches + more_touched, end
        kept_ends[rung], touched_ends[rung] = keeps, touches
    for number in numbers:
        rows[number] = 0
    # Copies: a part of an array would hold on to all of it.
    return kept[:keeps].copy(), left[:keeps].copy(), kept_ends, touched[:touches].copy(), touched_ends, rejected


@compiled
def _spend_one(
    held: Int64,
    tokens: Float64,
    draining: Int64,
    rows: UInt32,
    counts: Int64,
    numbers: Int64,
    meanwhile: float,
    flows_in: float,
    capacity: float,
    kept: Int64,
    left: Float64,
    touched: Int64,
) -> tuple[int, int, np.int64]:
    """The same under one limit. `rows`: by number, one more than the user's row.

    Of a user's requests, spread evenly over the window, a bucket lets through as many as it has whole tokens, those
    that flow in included.

    Returns:
        How many buckets are not full, in `kept` and `left`; how many users were refused something, in `touched`;
        requests refused.
    """
    is_held = np.zeros(len(counts), np.bool_)
    keeps = touches = 0
    rejected = np.int64(0)
    for place in range(len(held) + len(draining)):
        if place < len(held):
            number, available = held[place], min(tokens[place] + meanwhile, capacity)
            row = np.int64(rows[number]) - 1
            if row >= 0:
                is_held[row] = True
        else:
            row = draining[place - len(held)]
            number, available = numbers[row], capacity
            if is_held[row]:
                continue
        count = counts[row] if row >= 0 else 0
        available += flows_in
        allowed = min(float(count), np.floor(available))
        if allowed < count:
            rejected += count - np.int64(allowed)
            touched[touches] = number
            touches += 1
        if available - allowed < capacity:
            kept[keeps], left[keeps] = number, available - allowed
            keeps += 1
    return keeps, touches, rejected


@compiled
def _narrow(chosen: Int64, size: int, counts: Int64, most: float) -> int:
    """Of the first so many chosen rows those with more than `most` come first; how many these are."""
    left = 0
    for place in range(size):
        row = chosen[place]
        if counts[row] > most:
            chosen[left] = row
            left += 1
    return left


class TokenBuckets:
    """Buckets that hold so many requests; those of users never seen are full.

    A full bucket stays full as long as its user sends no more than flows in, so nothing is kept of most users: 16 bytes
    for each bucket that is not full. Users are given by their numbers.

    Args:
        rungs: limits in requests a second, which rise, each with the requests that a full bucket holds, at least one.
    """

    def __init__(self, rungs: Sequence[tuple[float, float]]) -> None:
        self._limits = np.array([limit for limit, _ in rungs], np.float64)
        self._capacities = np.array([capacity for _, capacity in rungs], np.float64)
        # By limit, one after another, and where each ends.
        self._numbers: Int64 = np.empty(0, np.int64)
        self._tokens: Float64 = np.empty(0)
        self._ends: Int64 = np.zeros(len(rungs), np.int64)
        # By number, while a window is processed: one more than the user's row.
        self._rows: UInt32 = np.empty(0, np.uint32)

    def forget(self, numbers: Int64) -> None:
        """These numbers are not those users' any more."""
        if len(numbers):
            kept = ~np.isin(self._numbers, numbers)
            self._numbers, self._tokens = self._numbers[kept], self._tokens[kept]
            self._ends = np.concatenate([[0], np.cumsum(kept)])[self._ends]

    def spend(self, numbers: Int64, numbers_end: int, counts: Int64, missed: float, seconds: float) -> Spent:
        """A window of this length, after so many seconds in which nobody has sent anything.

        Args:
            numbers: its users.
            numbers_end: all numbers that there are are below it.
            counts: what each of its users has sent.
            missed: see above.
            seconds: see above.
        """
        if not len(self._limits):
            return Spent([], _NOBODY, _NOBODY)
        if len(self._rows) < numbers_end:
            self._rows = np.zeros(numbers_end, np.uint32)
        self._numbers, self._tokens, self._ends, touched, touched_ends, rejected = _spend(
            self._numbers,
            self._tokens,
            self._ends,
            self._limits,
            self._capacities,
            self._rows,
            counts,
            numbers,
            missed,
            seconds,
        )
        return Spent(rejected.tolist(), touched, touched_ends)

    def dump(self) -> list[dict[str, Any]]:
        """State for `load`, of each limit."""
        return [
            {"numbers": self._numbers[begin:end], "tokens": self._tokens[begin:end]}
            for begin, end in pairwise([0, *self._ends.tolist()])
        ]

    def load(self, states: Sequence[dict[str, Any] | None]) -> None:
        """Take, for each limit, what a `dump` of the same limit and burst gave; None: all of its buckets are full."""
        numbers = [np.empty(0, np.int64) if state is None else state["numbers"] for state in states]
        tokens = [np.empty(0) if state is None else state["tokens"] for state in states]
        self._numbers = np.concatenate([np.empty(0, np.int64), *numbers])
        self._tokens = np.concatenate([np.empty(0), *tokens])
        self._ends = np.cumsum([len(each) for each in numbers], dtype=np.int64)
