"""How many different users were seen in the last windows: exact, and bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Int64, UInt64

# What is given up at the bound, as a part of it: seldom, because it takes a look at everybody.
_GIVEN_UP = 8


@dataclass(slots=True)
class _Segment:
    """Users, sorted, and the index of the window in which each was seen last."""

    users: UInt64
    last: Int64

    def __len__(self) -> int:
        return len(self.users)

    def keep(self, rows: Bool) -> _Segment:
        return _Segment(self.users[rows], self.last[rows])


def _merged(segments: list[_Segment]) -> _Segment:
    """No user is in two of them."""
    users = np.concatenate([np.empty(0, np.uint64), *(segment.users for segment in segments)])
    last = np.concatenate([np.empty(0, np.int64), *(segment.last for segment in segments)])
    order = np.argsort(users)
    return _Segment(users[order], last[order])


class LastSeen:
    """Counts the different users of the last `horizon` windows, and of any fewer.

    16 bytes a user. Users are in a few sorted segments, each more than twice as long as the next, so that new ones are
    added without moving the old; how many were seen last in each window is kept beside them, so that counting looks at
    no user. Those not seen for `horizon` windows go when segments are merged.

    Beyond `limit` users those unseen for longest are given up: then the counts are lower bounds.
    """

    def __init__(self, horizon: int, limit: int) -> None:
        self._horizon = horizon
        self._limit = limit
        self._segments: list[_Segment] = []
        # At index % horizon: how many were seen last in that window, the newest being `_index`.
        self._seen_last: Int64 = np.zeros(horizon, np.int64)
        self._index = 0
        self.given_up = 0

    def __len__(self) -> int:
        """How many are held."""
        return sum(map(len, self._segments))

    def see(self, users: UInt64, index: int) -> None:
        """These users, sorted and different, are in the window of this index; indices rise."""
        self._advance(index)
        unseen = users
        for segment in self._segments:
            if not len(unseen):
                break
            at = np.searchsorted(segment.users, unseen)
            at[at == len(segment)] = 0
            known = segment.users[at] == unseen
            rows = at[known]
            self._count(segment.last[rows], -1)
            segment.last[rows] = index
            unseen = unseen[~known]
        self._seen_last[index % self._horizon] += len(users)
        if len(unseen):
            self._add(_Segment(unseen, np.full(len(unseen), index, np.int64)))

    def active(self, windows: int) -> int:
        """How many were seen in the last so many windows, at most `horizon`."""
        first = self._index - windows + 1
        return int(self._seen_last[np.arange(first, self._index + 1) % self._horizon].sum())

    def _advance(self, index: int) -> None:
        passed = min(index - self._index, self._horizon)
        if passed > 0:
            self._seen_last[np.arange(index - passed + 1, index + 1) % self._horizon] = 0
            self._index = index

    def _count(self, last: Int64, change: int) -> None:
        """Users seen last in these windows come or go; windows beyond the horizon are not counted any more."""
        within = last > self._index - self._horizon
        if not within.all():
            last = last[within]
        self._seen_last += change * np.bincount(last % self._horizon, minlength=self._horizon)

    def _add(self, added: _Segment) -> None:
        while self._segments and len(self._segments[-1]) <= 2 * len(added):
            added = self._within_horizon(_merged([self._segments.pop(), added]))
        self._segments.append(added)
        if len(self) > self._limit:
            self._give_up()

    def _within_horizon(self, segment: _Segment) -> _Segment:
        within = segment.last > self._index - self._horizon
        return segment if within.all() else segment.keep(within)

    def _give_up(self) -> None:
        everybody = self._within_horizon(_merged(self._segments))
        beyond = len(everybody) - (self._limit - self._limit // _GIVEN_UP)
        if len(everybody) > self._limit:
            longest_unseen = np.lexsort((everybody.users, everybody.last))[:beyond]
            self._count(everybody.last[longest_unseen], -1)
            self.given_up += beyond
            keep = np.ones(len(everybody), np.bool_)
            keep[longest_unseen] = False
            everybody = everybody.keep(keep)
        self._segments = [everybody]

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {
            "index": self._index,
            "segments": [[segment.users, segment.last] for segment in self._segments],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what a `dump` with the same horizon gave."""
        self._index = state["index"]
        self._segments = [_Segment(users, last) for users, last in state["segments"]]
        for segment in self._segments:
            self._count(segment.last, 1)
