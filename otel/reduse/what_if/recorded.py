"""A part of a service's history that is read once and asked often, as a page with sliders does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reduse.history.plan import Gap
from reduse.what_if.answer import Answer
from reduse.what_if.columns import Batch
from reduse.what_if.limiter import Limiter
from reduse.what_if.reading import Question, batches, check_policies, opened, since
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
        return sum(len(batch.users) for batch in self.kept)

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
        check_policies(question, {"", *self.policies})
        first = max(self.start, question.first)
        made = Replay(limiters, first=first, start=begin, end=self.end, policy=policy, costs=costs)
        for batch in self.kept:
            if batch.end > first:
                made.add(batch if batch.start >= first else _from(batch, first))
        return made.answer(self.service, users, since(self.gaps, begin))


def record(folders: Sequence[Path], service: str, start: int, end: int, most_rows: int = MOST_ROWS) -> Recorded:
    """Read [start, end), Unix seconds; of more than so many rows the newest are kept.

    Raises RecommendationError when nothing is recorded.
    """
    reading = opened(folders, service, start, end)
    kept: list[Batch] = []
    begin = start
    for batch in batches(reading):
        kept.append(batch)
        begin = max(begin, _begin(kept, most_rows))
        kept = [each if each.start >= begin else _from(each, begin) for each in kept if each.end > begin]
    names = sorted({name for batch in kept for name in batch.names} - {""})
    return Recorded(service, start, begin, end, kept, since(reading.gaps, begin), names)


def _begin(kept: Sequence[Batch], most_rows: int) -> int:
    """The second from which on there are no more rows than that."""
    begin = min(batch.start for batch in kept)
    if sum(len(batch.users) for batch in kept) <= most_rows:
        return begin
    by_second = np.zeros(max(batch.end for batch in kept) - begin, np.int64)
    for batch in kept:
        by_second += np.bincount(batch.windows - begin, minlength=len(by_second))
    newest_first = np.cumsum(by_second[::-1])
    return begin + len(by_second) - int(np.searchsorted(newest_first, most_rows, side="right"))


def _from(batch: Batch, first: int) -> Batch:
    """Only what is not before this second."""
    rows, seconds = batch.windows >= first, batch.seconds >= first
    return replace(
        batch,
        start=max(batch.start, first),
        users=batch.users[rows],
        windows=batch.windows[rows],
        counts=batch.counts[rows],
        microseconds=batch.microseconds[rows],
        throttled=batch.throttled[rows],
        seconds=batch.seconds[seconds],
        others=batch.others[seconds],
        policies=batch.policies[rows] if len(batch.policies) else batch.policies,
    )
