"""The order of users, found faster than by a sort that knows nothing of them: most are hashes."""

from __future__ import annotations

import numpy as np

from reduse.history.rows import Int64, UInt64, stable_order
from reduse.processor.core.compiled import compiled

# Moves of one row after which users are not spread as hashes are: then another sort is faster.
_MOST_MOVES = 64


def order(users: UInt64) -> Int64:
    """The same as `stable_order`: users are put into equal parts of their range, and sorted in each of these."""
    found, moves = _order(users)
    return found if moves <= _MOST_MOVES * len(users) else stable_order(users)


@compiled
def _order(users: UInt64) -> tuple[Int64, int]:
    """The order, and how many moves it took; it is not complete after too many."""
    size, moves = len(users), 0
    found, sorted_users = np.empty(size, np.int64), np.empty(size, np.uint64)
    if not size:
        return found, moves
    lowest, highest = users.min(), users.max()
    # Parts of which there are half as many as rows.
    shift = np.uint64(0)
    while (highest - lowest) >> shift > np.uint64(size // 2):
        shift += np.uint64(1)
    begins = np.zeros(np.int64((highest - lowest) >> shift) + 2, np.int32)
    for row in range(size):
        begins[np.int64((users[row] - lowest) >> shift) + 1] += 1
    for part in range(len(begins) - 1):
        begins[part + 1] += begins[part]
    for row in range(size):
        in_part = np.int64((users[row] - lowest) >> shift)
        put = begins[in_part]
        begins[in_part] += 1
        sorted_users[put], found[put] = users[row], row
    for place in range(1, size):
        user, of_user, to = sorted_users[place], found[place], place
        while to > 0 and sorted_users[to - 1] > user:
            sorted_users[to], found[to] = sorted_users[to - 1], found[to - 1]
            to -= 1
        sorted_users[to], found[to] = user, of_user
        moves += place - to
        if moves > _MOST_MOVES * size:
            break
    return found, moves
