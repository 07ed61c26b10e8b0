"""Users in order, with an index by their first bits."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Bool, Int64, UInt64

_BITS = 64
# Users are hashes: with about one for each index entry a few steps find nearly all, and a search the rest.
_STEPS = 6


class SortedUsers:
    """Sorted, different users. Looking up as many as a tenth of them takes a third of the time of a binary search."""

    def __init__(self, users: UInt64) -> None:
        self.users = users
        self._shift = np.uint64(_BITS - max(1, len(users).bit_length()))
        buckets = 1 << (_BITS - int(self._shift))
        sizes = np.bincount((users >> self._shift).astype(np.int64), minlength=buckets)
        # Of each value of the first bits: the row of its first user.
        self._begin = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.uint32)

    def __len__(self) -> int:
        return len(self.users)

    def find(self, wanted: UInt64) -> tuple[Int64, Bool]:
        """(row of each wanted user, whether it is that user's). Sorted ones are found sooner."""
        if not len(self.users):
            return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
        at = self._begin[(wanted >> self._shift).view(np.int64)].astype(np.int64)
        found = self.users.take(at, mode="clip")
        below = np.flatnonzero(found < wanted)
        for _ in range(_STEPS):
            if not len(below):
                break
            rows = at[below] + 1
            at[below] = rows
            here = self.users.take(rows, mode="clip")
            found[below] = here
            below = below[(here < wanted[below]) & (rows < len(self.users))]
        if len(below):
            at[below] = np.searchsorted(self.users, wanted[below])
            found[below] = self.users.take(at[below], mode="clip")
        return at, found == wanted
