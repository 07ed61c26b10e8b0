"""What a shard gives of a window to who joins the shards of its service.

All that is computed for each user by itself (limits, active users, rates' distribution) is summed from the shards'
metrics. What looks at all users together (the top, shares, concurrency) is computed again where shards are joined, and
needs of a window no more than its sums and the users who may be in the top of all: those are rows, everybody else is a
sum.

No user of the top of all is missing. Whoever is in the top K of all users is in the top K of their own shard, which has
fewer. Whoever is a member for a while after that is remembered by the shard for as long: the number of windows outside
the top of the shard is never more than outside the top of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reduse.processor.core.columns import Int64, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.membership import LEAVE_AFTER, one_window_later
from reduse.processor.core.options import SHARE_TOPS
from reduse.processor.core.top import top_rows
from reduse.processor.core.window import ClosedWindow, Load

_SHARE_TOP = max(SHARE_TOPS)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A closed window with few users: a row for each who may be in the top of all, sorted; `untracked` has the others.

    The arrays have the same length, some hundred at most.
    """

    users: UInt64
    counts: Int64
    microseconds: Int64
    anonymous: Load
    overflow: Load
    untracked: Load


class Candidates:
    """Who of a shard's users may be in the top of all, window by window."""

    def __init__(self, top_k: int) -> None:
        self._top_k = top_k
        # Sorted: those who were in the shard's top K lately, by requests or by time, and for how many windows not.
        self._remembered: UInt64 = np.empty(0, np.uint64)
        self._outside: Int64 = np.empty(0, np.int64)

    def of(self, window: ClosedWindow) -> Contribution:
        """Windows come in order, each once."""
        self._remembered, self._outside, users, counts, microseconds, requests, busy = _candidates(
            window.users, window.counts, window.microseconds, self._remembered, self._outside, self._top_k
        )
        others = Load(
            window.untracked.count + window.requests - requests, window.untracked.microseconds + window.busy - busy
        )
        return Contribution(users, counts, microseconds, window.anonymous, window.overflow, others)

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {"remembered": self._remembered, "outside": self._outside}

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` gave."""
        self._remembered, self._outside = state["remembered"], state["outside"]


@compiled
def _candidates(
    users: UInt64, counts: Int64, microseconds: Int64, remembered: UInt64, outside: Int64, top_k: int
) -> tuple[UInt64, Int64, UInt64, Int64, Int64, int, int]:
    """(who is remembered after this window, for how many windows each is outside; the rows of all who may be in the
    top, and their sums). All users are sorted."""
    most = top_rows(users, counts, max(top_k, _SHARE_TOP))
    is_candidate = np.zeros(len(users), np.bool_)
    is_candidate[most[:top_k]] = True
    is_candidate[top_rows(users, microseconds, top_k)] = True
    leaders = users[is_candidate]
    remembered, outside, _ = one_window_later(remembered, outside, leaders, 2 * top_k * LEAVE_AFTER)
    is_candidate[most] = True
    for user in remembered:
        row = np.searchsorted(users, user)
        if row < len(users) and users[row] == user:
            is_candidate[row] = True
    rows = np.flatnonzero(is_candidate)
    of_counts, of_microseconds = counts[rows], microseconds[rows]
    return remembered, outside, users[rows], of_counts, of_microseconds, of_counts.sum(), of_microseconds.sum()
