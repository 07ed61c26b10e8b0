"""Users in order, and the largest of some numbers: as fast on every processor.

NumPy's own are by several times faster or slower with the machine: its instructions for AVX-512 are slow on some that
have them.
"""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Int64, UInt32, UInt64
from reduse.processor.core.compiled import compiled

_BITS = 64
# Of users who share their first bits: with more than this they are no hashes.
_CROWD = 64


def first_bits(users: int) -> tuple[np.uint64, int]:
    """(by how much a hash is shifted to have its first bits alone, how many values these have): about one for each."""
    bits = max(1, users.bit_length())
    return np.uint64(_BITS - bits), 1 << bits


def rows_in_order(users: UInt64) -> Int64 | UInt32:
    """The rows sorted by user; rows of the same user in any order."""
    are_hashes, order = sort(users, *first_bits(len(users)))
    return order if are_hashes else np.argsort(users)


@compiled
def sort(users: UInt64, shift: np.uint64, values: int) -> tuple[bool, UInt32]:
    """By the first bits, then by insertion among those that share them: (False when too many do, the rows)."""
    begin = np.zeros(values + 1, np.uint32)
    keys, order = np.empty(len(users), np.uint64), np.empty(len(users), np.uint32)
    for user in users:
        begin[(user >> shift) + np.uint64(1)] += 1
    for entry in range(1, len(begin)):
        if begin[entry] > _CROWD:
            return False, order
        begin[entry] += begin[entry - 1]
    for row in range(len(users)):
        bucket = users[row] >> shift
        at = begin[bucket]
        begin[bucket] += 1
        keys[at], order[at] = users[row], row
    for end in range(1, len(keys)):
        user, moved = keys[end], order[end]
        place = end
        while place > 0 and keys[place - 1] > user:
            keys[place], order[place] = keys[place - 1], order[place - 1]
            place -= 1
        keys[place], order[place] = user, moved
    return True, order


def largest(values: Int64, k: int) -> Int64:
    """The k largest, or all where there are fewer, the largest first. `k` is small."""
    kept = np.sort(values[:k])
    if len(values) > k > 0:
        _keep_largest(values[k:], kept)
        kept.sort()
    return kept[::-1]


@compiled
def _keep_largest(values: Int64, kept: Int64) -> None:
    """`kept` is a heap: no entry is larger than the two below it."""
    size = len(kept)
    for value in values:
        if value <= kept[0]:
            continue
        at = 0
        while 2 * at + 1 < size:
            below = 2 * at + 1
            if below + 1 < size and kept[below + 1] < kept[below]:
                below += 1
            if kept[below] >= value:
                break
            kept[at] = kept[below]
            at = below
        kept[at] = value
