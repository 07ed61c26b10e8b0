"""The token buckets of all users under one limit, of which only those that are not full are kept."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt64


class Spent(NamedTuple):
    """What became of one window under one limit: requests refused, and the users of whom they were, sorted."""

    rejected: int
    users: UInt64


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
    for each bucket that is not full.

    Args:
        limit: requests a second.
        burst_seconds: how long a bucket that is empty takes to fill.
    """

    def __init__(self, limit: float, burst_seconds: float) -> None:
        self.limit = limit
        self.capacity = max(1.0, limit * burst_seconds)
        self._users: UInt64 = np.empty(0, np.uint64)  # sorted
        self._tokens: Float64 = np.empty(0)

    def __len__(self) -> int:
        """How many are not full."""
        return len(self._users)

    def refill(self, seconds: float) -> None:
        """Time passes in which nobody sends."""
        if len(self._users):
            tokens = np.minimum(self.capacity, self._tokens + self.limit * seconds)
            self._keep(self._users, tokens)

    def draining(self, counts: Int64, seconds: float, rows: Int64 | None = None) -> Int64:
        """The rows, or those of `rows`, in which more is sent than flows in: nothing else drains a full bucket."""
        flows_in = math.floor(self.limit * seconds)
        if rows is None:
            return np.flatnonzero(counts > flows_in)
        return rows[counts[rows] > flows_in]

    def spend(self, users: UInt64, counts: Int64, seconds: float, draining: Int64) -> Spent:
        """A window of this length, in which sorted users sent so many requests; `draining` are the rows of these."""
        flows_in = self.limit * seconds
        held, tokens = self._users, self._tokens
        rejected: Int64 = np.empty(0, np.int64)
        if len(held):
            held_counts, rows = _counts_of(held, users, counts)
            rejected, tokens = spend(tokens, held_counts, flows_in, self.capacity)
            if len(draining):
                full = np.ones(len(users), np.bool_)
                full[rows] = False
                draining = draining[full[draining]]
        if not len(draining):
            self._keep(held, tokens)
            return Spent(int(rejected.sum()), held[rejected > 0])
        fresh = users[draining]
        full_tokens = np.full(len(fresh), self.capacity)
        fresh_rejected, fresh_tokens = spend(full_tokens, counts[draining], flows_in, self.capacity)
        self._keep(np.concatenate([held, fresh]), np.concatenate([tokens, fresh_tokens]), mixed=True)
        touched = np.sort(np.concatenate([held[rejected > 0], fresh[fresh_rejected > 0]]))
        return Spent(int(rejected.sum()) + int(fresh_rejected.sum()), touched)

    def _keep(self, users: UInt64, tokens: Float64, *, mixed: bool = False) -> None:
        """Keep what is not full. `mixed`: the users are not sorted."""
        below = tokens < self.capacity
        if not below.all():
            users, tokens = users[below], tokens[below]
        if mixed:
            order = np.argsort(users)
            users, tokens = users[order], tokens[order]
        self._users, self._tokens = users, tokens

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {"users": self._users, "tokens": self._tokens}

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` of the same limit and burst gave."""
        self._users, self._tokens = state["users"], state["tokens"]


def _counts_of(wanted: UInt64, users: UInt64, counts: Int64) -> tuple[Int64, Int64]:
    """(the count of each wanted user, 0 when there is none; the rows of those there are). All users are sorted."""
    found = np.zeros(len(wanted), np.int64)
    if len(users) == 0:
        return found, np.empty(0, np.int64)
    at = np.searchsorted(users, wanted)
    at[at == len(users)] = 0
    there = users[at] == wanted
    rows = at[there]
    found[there] = counts[rows]
    return found, rows
