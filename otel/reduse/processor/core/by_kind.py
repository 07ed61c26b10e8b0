"""The points of a window by whose they are."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Int64, Kind, UInt8, UInt64
from reduse.processor.core.compiled import compiled

_USER, _ANONYMOUS = int(Kind.USER), int(Kind.ANONYMOUS)


@compiled
def by_kind(
    kinds: UInt8, users: UInt64, counts: Int64, microseconds: Int64
) -> tuple[tuple[UInt64, Int64, Int64], tuple[int, int], tuple[int, int]]:
    """(users, counts and microseconds of the users' points that say anything, in their order; requests and microseconds
    of nobody known; of the overflow)."""
    of_users, of_counts = np.empty(len(kinds), np.uint64), np.empty(len(kinds), np.int64)
    of_microseconds = np.empty(len(kinds), np.int64)
    size = anonymous = anonymous_for = overflow = overflow_for = 0
    for row in range(len(kinds)):
        kind, count, micro = kinds[row], counts[row], microseconds[row]
        if kind == _USER:
            if count > 0 or micro > 0:
                of_users[size], of_counts[size], of_microseconds[size] = users[row], count, micro
                size += 1
        elif kind == _ANONYMOUS:
            anonymous += count
            anonymous_for += micro
        else:
            overflow += count
            overflow_for += micro
    if size < len(kinds):
        # Copies: a part of an array would hold on to all of it.
        columns = of_users[:size].copy(), of_counts[:size].copy(), of_microseconds[:size].copy()
    else:
        columns = of_users, of_counts, of_microseconds
    return columns, (anonymous, anonymous_for), (overflow, overflow_for)
