"""What readers of a history get, a piece at a time."""

from __future__ import annotations

from dataclasses import dataclass

from reduse.history.rows import Int64, Rows


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests of nobody in particular: one column for each window, one row for each of schema.UNIDENTIFIED.

    `seconds` has the starts of all windows, also of those in which nobody sent anything (Unix seconds, rising).
    """

    seconds: Int64
    counts: Int64
    microseconds: Int64

    def since(self, first: int) -> Totals:
        """Of the windows that do not start before this second."""
        kept = self.seconds >= first
        return self if kept.all() else Totals(self.seconds[kept], self.counts[:, kept], self.microseconds[:, kept])


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of one source in the time range [begin, end), Unix seconds: all rows of some users, sorted by user,
    policy and second. The windows' other users are in the batches that follow, in order; the first has the totals."""

    begin: int
    end: int
    rows: Rows
    totals: Totals

    def since(self, first: int) -> Batch:
        """Only what is not before this second."""
        if first <= self.begin:
            return self
        return Batch(first, self.end, self.rows.where(self.rows.seconds >= first), self.totals.since(first))
