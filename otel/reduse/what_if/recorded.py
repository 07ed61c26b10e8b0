"""A part of a service's history that is read once and asked often, as a page with sliders does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reduse.history.batch import Batch
from reduse.history.plan import Gap
from reduse.history.rows import NO_POLICY
from reduse.what_if.answer import Answer
from reduse.what_if.limiter import Limiter
from reduse.what_if.reading import Question, check_policies, opened, since
from reduse.what_if.replay import DEFAULT_USERS, Replay

# Rows of 41 bytes: 200 MB.
MOST_ROWS = 5_000_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of a service in [start, end), Unix seconds; `asked_from` is later than `start` where there was
    more than is kept in memory. Limiters are as new at the beginning of it."""

    service: str
    asked_from: int
    start: int
    end: int
    kept: Sequence[Batch]
    gaps: Sequence[Gap]
    policies: Sequence[str]

    @property
    def rows(self) -> int:
        """One for each second, user and policy with requests."""
        return _rows(self.kept)

    def ask(
        self,
        limiters: Sequence[Limiter],
        *,
        start: int | None = None,
        policy: str | None = None,
        costs: Mapping[str, float] | None = None,
        users: int = DEFAULT_USERS,
    ) -> Answer:
        """What these limiters would have done from `start` on (Unix s), or in all of the time.

        Raises ChoiceError when no such policy was recorded.
        """
        begin = self.start if start is None else min(max(start, self.start), self.end - 1)
        question = Question(self.service, begin, self.end, limiters, policy, dict(costs or {}), users)
        check_policies(question, {NO_POLICY, *self.policies})
        first = max(self.start, question.first)
        made = Replay(limiters, first=first, start=begin, end=self.end, policy=policy, costs=costs)
        for batch in self.kept:
            if batch.end > first:
                made.add(batch.since(first))
        return made.answer(self.service, users, since(self.gaps, begin))


def record(folders: Sequence[Path], service: str, start: int, end: int, most_rows: int = MOST_ROWS) -> Recorded:
    """Read [start, end), Unix seconds; of more than so many rows the newest are kept.

    Raises RecommendationError when nothing is recorded.
    """
    reading = opened(folders, service, start, end)
    kept: list[Batch] = []
    begin = start
    for batch in reading:
        kept.append(batch)
        # Not for each batch: it looks at all rows.
        if _rows(kept) > most_rows + most_rows // 4:
            begin, kept = _newest(kept, begin, most_rows)
    begin, kept = _newest(kept, begin, most_rows)
    names = sorted({name for batch in kept for name in batch.rows.policies} - {NO_POLICY})
    return Recorded(service, start, begin, end, kept, since(reading.gaps, begin), names)


def _rows(kept: Sequence[Batch]) -> int:
    return sum(len(batch.rows) for batch in kept)


def _newest(kept: Sequence[Batch], begin: int, most_rows: int) -> tuple[int, list[Batch]]:
    """The second from which on there are no more rows than that, `begin` at the earliest; and what is from it on."""
    if _rows(kept) > most_rows:
        begin = max(begin, _begin(kept, most_rows))
    return begin, [each.since(begin) for each in kept if each.end > begin]


def _begin(kept: Sequence[Batch], most_rows: int) -> int:
    first = min(batch.begin for batch in kept)
    by_second = np.zeros(max(batch.end for batch in kept) - first, np.int64)
    for batch in kept:
        by_second += np.bincount(batch.rows.seconds - first, minlength=len(by_second))
    newest_first = np.cumsum(by_second[::-1])
    return first + len(by_second) - int(np.searchsorted(newest_first, most_rows, side="right"))
