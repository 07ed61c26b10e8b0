"""The token buckets of all users under one limit, of which only those that are not full are kept."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt32


class Spent(NamedTuple):
    """What became of one window under one limit: requests refused, and the numbers of the users whose they were."""

    rejected: int
    touched: Int64


def spend(tokens: Float64, counts: Int64, refill: float, capacity: float) -> tuple[Int64, Float64]:
    """(rejected, tokens left) of users who send `counts` spread evenly over one window.

    `tokens` are those at the window's start, `refill` those that flow in during it. Of a user's requests the bucket
    lets through as many as it has whole tokens, those that flow in included.
    """
    available = tokens + refill
    allowed = np.minimum(counts, np.floor(available))
    return (counts - allowed).astype(np.int64), np.minimum(capacity, available - allowed)


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
        held, tokens = self._numbers, self._tokens
        rejected: Int64 = np.empty(0, np.int64)
        if len(held):
            held_rows = rows[held]
            rejected, tokens = spend(tokens, counts[held_rows], flows_in, self.capacity)
            if len(draining):
                full = np.ones(len(counts), np.bool_)
                full[held_rows] = False
                draining = draining[full[draining + 1]]
        touched = held[rejected > 0]
        if not len(draining):
            self._keep(held, tokens)
            return Spent(int(rejected.sum()), touched)
        fresh = numbers[draining]
        full_tokens = np.full(len(fresh), self.capacity)
        fresh_rejected, fresh_tokens = spend(full_tokens, counts[draining + 1], flows_in, self.capacity)
        self._keep(np.concatenate([held, fresh]), np.concatenate([tokens, fresh_tokens]))
        return Spent(
            int(rejected.sum()) + int(fresh_rejected.sum()), np.concatenate([touched, fresh[fresh_rejected > 0]])
        )

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
