"""The token buckets of all users under one limit, of which only those that are not full are kept."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt32
from reduse.processor.core.compiled import compiled


class Spent(NamedTuple):
    """What became of one window under one limit: requests refused, and the numbers of the users whose they were."""

    rejected: int
    touched: Int64


@compiled
def _spend(
    held: Int64,
    tokens: Float64,
    rows: UInt32,
    counts: Int64,
    numbers: Int64,
    draining: Int64,
    refill: float,
    capacity: float,
) -> tuple[Int64, Float64, Int64, int]:
    """One window of the buckets that are held and of those that were full: what is not full after it, by number.

    Of a user's requests, spread evenly over the window, a bucket lets through as many as it has whole tokens, those
    that flow in included.

    Returns:
        numbers and tokens of the buckets that are not full; numbers of the users refused something; requests refused.
    """
    size = len(held) + len(draining)
    kept, left, touched = np.empty(size, np.int64), np.empty(size), np.empty(size, np.int64)
    is_held = np.zeros(len(counts), np.bool_)
    keeps = touches = rejected = 0
    for place in range(size):
        if place < len(held):
            number, available = held[place], tokens[place] + refill
            row = np.int64(rows[number])
            is_held[row] = True
        else:
            row = draining[place - len(held)] + 1
            number, available = numbers[row - 1], capacity + refill
            if is_held[row]:
                continue
        allowed = min(float(counts[row]), np.floor(available))
        if allowed < counts[row]:
            rejected += counts[row] - np.int64(allowed)
            touched[touches] = number
            touches += 1
        if available - allowed < capacity:
            kept[keeps], left[keeps] = number, available - allowed
            keeps += 1
    # Copies: a part of an array would hold on to all of it.
    return kept[:keeps].copy(), left[:keeps].copy(), touched[:touches].copy(), rejected


class TokenBuckets:
    """Buckets that hold `burst_seconds` of their limit, and at least one token; those never seen are full.

    A full bucket stays full as long as its user sends no more than flows in, so nothing is kept of most users: 16 bytes
    for each bucket that is not full. Users are given by their numbers.

    Args:
        limit: requests a second.
        burst_seconds: how long a bucket that is empty takes to fill.
    """

    def __init__(self, limit: float, burst_seconds: float) -> None:
        self.limit = limit
        self.burst_seconds = burst_seconds
        self.capacity = max(1.0, limit * burst_seconds)
        self._numbers: Int64 = np.empty(0, np.int64)
        self._tokens: Float64 = np.empty(0)

    def __len__(self) -> int:
        """How many are not full."""
        return len(self._numbers)

    def forget(self, numbers: Int64) -> None:
        """These numbers are not those users' any more."""
        kept = ~np.isin(self._numbers, numbers)
        self._numbers, self._tokens = self._numbers[kept], self._tokens[kept]

    def refill(self, seconds: float) -> None:
        """Time passes in which nobody sends."""
        if seconds and len(self._numbers):
            self._keep(self._numbers, np.minimum(self.capacity, self._tokens + self.limit * seconds))

    def draining(self, counts: Int64, seconds: float, rows: Int64 | None = None) -> Int64:
        """The rows, or those of `rows`, in which more is sent than flows in: nothing else drains a full bucket."""
        flows_in = math.floor(self.limit * seconds)
        if rows is None:
            return np.flatnonzero(counts > flows_in)
        return rows[counts[rows] > flows_in]

    def spend(self, numbers: Int64, rows: UInt32, counts: Int64, seconds: float, draining: Int64) -> Spent:
        """A window of this length.

        Args:
            numbers: its users.
            rows: by number, one more than the user's row; 0 for all who are not in the window.
            counts: 0, and then what each of its users sent.
            draining: the rows in which more is sent than flows in.
        """
        flows_in = self.limit * seconds
        self._numbers, self._tokens, touched, rejected = _spend(
            self._numbers, self._tokens, rows, counts, numbers, draining, flows_in, self.capacity
        )
        return Spent(rejected, touched)

    def _keep(self, numbers: Int64, tokens: Float64) -> None:
        """Keep what is not full."""
        below = tokens < self.capacity
        if not below.all():
            numbers, tokens = numbers[below], tokens[below]
        self._numbers, self._tokens = numbers, tokens

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {"numbers": self._numbers, "tokens": self._tokens}

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` of the same limit and burst gave."""
        self._numbers, self._tokens = state["numbers"], state["tokens"]
