"""The users of highest weight."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Int64, UInt64
from reduse.processor.core.compiled import compiled


@compiled
def top(users: UInt64, weights: Int64, k: int) -> UInt64:
    """The k users of highest positive weight; equal weights by user, so that every order gives the same."""
    found: UInt64 = users[top_rows(users, weights, k)]
    return found


@compiled
def top_rows(users: UInt64, weights: Int64, k: int) -> Int64:
    """The rows of these users, that of the first one first."""
    k = min(k, len(users))
    # A heap of rows: whoever is in it comes before the two below it, the last of them all first.
    rows = np.empty(k, np.int64)
    size = 0
    least = 1
    for row in range(len(users)):
        if weights[row] < least or k == 0:
            continue
        if size < k:
            at = size
            size += 1
            while at > 0 and _is_before(users, weights, rows[(at - 1) // 2], row):
                rows[at] = rows[(at - 1) // 2]
                at = (at - 1) // 2
            rows[at] = row
        elif _is_before(users, weights, row, rows[0]):
            _put(users, weights, rows, size, row)
        if size == k:
            least = weights[rows[0]]
    found = np.empty(size, np.int64)
    while size > 0:
        size -= 1
        found[size] = rows[0]
        _put(users, weights, rows, size, rows[size])
    return found


@compiled
def _put(users: UInt64, weights: Int64, rows: Int64, size: int, row: int) -> None:
    """In the place of the first of a heap of this size."""
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and _is_before(users, weights, rows[below], rows[below + 1]):
            below += 1
        if _is_before(users, weights, rows[below], row):
            break
        rows[at] = rows[below]
        at = below
    rows[at] = row


@compiled
def _is_before(users: UInt64, weights: Int64, row: int, other: int) -> bool:
    if weights[row] != weights[other]:
        return bool(weights[row] > weights[other])
    return bool(users[row] < users[other])
