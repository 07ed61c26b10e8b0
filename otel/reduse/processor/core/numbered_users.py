"""Users in order, each with a number, and an index by their first bits."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Int64, UInt32, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.sorting import first_bits


class NumberedUsers:
    """Sorted, different users. As they are hashes, there is about one for each entry of the index."""

    def __init__(self, users: UInt64, numbers: UInt32) -> None:
        self.users = users
        self.numbers = numbers
        self._shift, values = first_bits(len(users))
        sizes = np.bincount((users >> self._shift).astype(np.int64), minlength=values)
        # Of each value of the first bits: the row of its first user, and at the end the number of rows.
        self._begin = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32)

    def __len__(self) -> int:
        return len(self.users)

    def number(self, wanted: UInt64, numbers: Int64) -> int:
        """Write the number of each wanted user who is here, where it is still negative; returns how many stay so.

        Sorted ones are found sooner, because memory is then read in order.
        """
        return _number(self.users, self.numbers, self._begin, self._shift, wanted, numbers)


@compiled
def _number(
    users: UInt64, users_numbers: UInt32, begin: UInt32, shift: np.uint64, wanted: UInt64, numbers: Int64
) -> int:
    unknown = 0
    for row in range(len(wanted)):
        if numbers[row] >= 0:
            continue
        user = wanted[row]
        bucket = np.int64(user >> shift)
        # A binary search, because somebody may have chosen hashes that share their first bits.
        low, end = np.int64(begin[bucket]), np.int64(begin[bucket + 1])
        high = end
        while low < high:
            middle = (low + high) // 2
            if users[middle] < user:
                low = middle + 1
            else:
                high = middle
        if low < end and users[low] == user:
            numbers[row] = users_numbers[low]
        else:
            unknown += 1
    return unknown
