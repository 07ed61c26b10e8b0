"""Counters of requests and rejections, from their samples to what they grew by: in all, and in the busiest second.

Exact, where PromQL's `increase` extrapolates to the edges of its range: each sample is held against the one before.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reduse.recommendation.observation import Tried

IDENTIFIED = "user"
# The samples of one second are written one after another, so the newest of some series may still be under way.
EDGE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """A counter of the processor `source`: rejections by `limit`, or requests by `identity` where `limit` is None."""

    source: str
    limit: Tried | None = None
    identity: str = ""


Samples = Sequence[tuple[int, float]]
"""(Unix second, value of the counter), in order."""


def growth(before: float, value: float) -> float:
    """What a counter grew by from one sample to the next. A smaller value is a counter that began again at 0."""
    return value - before if value >= before else value


class Tally:
    """Adds up chunks of samples; no second may be split between two chunks, and chunks come in order.

    `bases` are the values at the start. A counter without one began in the window, and counts from 0: processors send a
    sample for every second from their first. Except where rejections begin with more than was requested in that second:
    those were counted before, under another burst.
    """

    def __init__(self, bases: Mapping[Series, float]) -> None:
        self._before = dict(bases)
        # Of identified users, and of others.
        self.requests = 0
        self.others = 0
        self.peak = 0
        # By limit: requests rejected, and those left in the busiest second.
        self.rejected: dict[Tried, int] = {}
        self.left_peak: dict[Tried, int] = {}
        self._spans: dict[tuple[str, Tried | None], tuple[int, int]] = {}

    @property
    def all_requests(self) -> int:
        return self.requests + self.others

    def knows(self, series: Series) -> bool:
        """Whether there is a value before the next."""
        return series in self._before

    def begin(self, bases: Mapping[Series, float]) -> None:
        """More values at the start, of counters that had none."""
        self._before = {**bases, **self._before}

    def add(self, chunk: Mapping[Series, Samples]) -> None:
        total: defaultdict[int, int] = defaultdict(int)
        identified: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        rejected: defaultdict[Tried, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        # Requests first: rejections are held against them.
        for series, samples in sorted(chunk.items(), key=lambda item: item[0].limit is not None):
            if not samples:
                continue
            first, value = samples[0]
            self._extend(series, first, samples[-1][0])
            if series.limit is not None:
                if not self.knows(series) and value > identified[series.source][first]:
                    self._before[series] = value
                grown = self._add(series, samples, rejected[series.limit])
                self.rejected[series.limit] = self.rejected.get(series.limit, 0) + grown
            elif series.identity == IDENTIFIED:
                self.requests += self._add(series, samples, total, identified[series.source])
            else:
                self.others += self._add(series, samples, total)
        self.peak = max(self.peak, *total.values(), 0)
        for limit, refused in rejected.items():
            left = max((count - refused.get(second, 0) for second, count in total.items()), default=0)
            self.left_peak[limit] = max(self.left_peak.get(limit, 0), left)

    def span(self) -> tuple[int, int] | None:
        """The seconds of the first and the last sample of requests; None when there is none."""
        spans = [span for (_, limit), span in self._spans.items() if limit is None]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def incomplete(self) -> set[Tried]:
        """Limits that a processor did not try for a part of the time for which it has requests."""
        found: set[Tried] = set()
        for (source, which), (first, last) in self._spans.items():
            if which is None:
                for limit in self.rejected:
                    begin, end = self._spans.get((source, limit), (last, first))
                    if begin > first + EDGE_SECONDS or end < last - EDGE_SECONDS:
                        found.add(limit)
        return found

    def _add(self, series: Series, samples: Samples, *by_second: defaultdict[int, int]) -> int:
        before = self._before.get(series, 0.0)
        in_all = 0
        for second, value in samples:
            grown = round(growth(before, value))
            before = value
            if grown:
                in_all += grown
                for seconds in by_second:
                    seconds[second] += grown
        self._before[series] = before
        return in_all

    def _extend(self, series: Series, first: int, last: int) -> None:
        key = series.source, series.limit
        begin, end = self._spans.get(key, (first, last))
        self._spans[key] = min(begin, first), max(end, last)
