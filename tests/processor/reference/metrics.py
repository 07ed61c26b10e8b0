"""What is answered, from all seconds so far."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from tests.processor.reference.membership import members_after
from tests.processor.reference.points import ANONYMOUS, OVERFLOW, Histogram, Series, Values

# Each with its limits, and its burst in seconds.
Ladders = Sequence[tuple[Sequence[float], float]]
# By limit and burst: requests refused, by user and index of the second.
Refused = dict[tuple[float, float], dict[tuple[str, int], int]]
BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


@dataclass
class Second:
    """Requests and microseconds by user, `-` and `+`."""

    index: int
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    microseconds: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, user: str, count: int, microseconds: int) -> None:
        self.counts[user] += count
        self.microseconds[user] += microseconds

    @property
    def users(self) -> dict[str, int]:
        """Identified users with a request, and how many."""
        return {user: n for user, n in self.counts.items() if n and user not in {ANONYMOUS, OVERFLOW}}


@dataclass(frozen=True)
class Quiet:
    """Nothing was heard any more."""


def answer(
    history: Sequence[Second | Quiet],
    top_k: int,
    ladders: Ladders,
    concurrency_limits: Sequence[float],
    labels_per_day: int,
) -> Values:
    """All series as of the end of the last entry; in a silence, the gauges that end with it."""
    values: Values = {}
    for name, kind in (("reduse.user.rate", "counts"), ("reduse.user.concurrency", "microseconds")):
        values |= _by_user(history, name, kind, top_k, labels_per_day)
    seconds = [each for each in history if isinstance(each, Second)]
    rungs = [(limit, burst) for limits, burst in ladders for limit in limits]
    refused = {rung: _refusals(seconds, *rung) for rung in rungs}
    gauges = _gauges(seconds, refused)
    if isinstance(history[-1], Quiet):
        return values | {series: None for series, _ in gauges}
    counters = _counters(seconds, refused, concurrency_limits)
    without_label = members_after(history, "counts", top_k, labels_per_day).refused
    return values | dict(gauges) | dict(counters) | {_series("reduse.user.labels.refused"): without_label}


def _series(name: str, **attributes: str) -> Series:
    return name, tuple(sorted(attributes.items()))


def _by_user(history: Sequence[Second | Quiet], name: str, kind: str, top_k: int, labels_per_day: int) -> Values:
    membership = members_after(history, kind, top_k, labels_per_day)
    last = history[-1]
    values: Values = {_series(name, user=user): None for user in membership.left}
    if isinstance(last, Quiet):
        return values | {_series(name, user=user): None for user in ("other", "anonymous")}
    weights = getattr(last, kind)
    scale = 1 if kind == "counts" else 1_000_000
    values |= {_series(name, user=user): weights.get(user, 0) / scale for user in membership.members}
    rest = sum(n for user, n in weights.items() if user not in membership.members and user != ANONYMOUS)
    return values | {
        _series(name, user="other"): rest / scale,
        _series(name, user="anonymous"): weights.get(ANONYMOUS, 0) / scale,
    }


def _gauges(seconds: Sequence[Second], refused: Refused) -> Iterator[tuple[Series, float | None]]:
    last = seconds[-1]
    for label, length in (("1m", 60), ("5m", 300), ("1h", 3600)):
        active = {user for each in seconds if each.index > last.index - length for user in each.users}
        yield _series("reduse.users.active", window=label), len(active)
    ordered = sorted(last.users.values(), reverse=True)
    for top in (1, 10, 100):
        share = sum(ordered[:top]) / sum(ordered) if ordered else None
        yield _series("reduse.user.share", top=str(top)), share
    yield _series("reduse.service.concurrency"), _concurrency(last)
    for (limit, burst), requests in refused.items():
        labels = {"limit": f"{limit:g}", "burst": f"{burst:g}"}
        now = {user for user, index in requests if index == last.index}
        in_an_hour = {user for user, index in requests if index > last.index - 3600}
        yield _series("reduse.rate_limit.users", window="1s", **labels), len(now)
        yield _series("reduse.rate_limit.users", window="1h", **labels), len(in_an_hour)


def _concurrency(second: Second) -> float:
    return sum(second.microseconds.values()) / 1_000_000


def _refusals(seconds: Sequence[Second], limit: float, burst: float) -> dict[tuple[str, int], int]:
    """Requests refused, by user and second: the bucket of each user, from the beginning.

    In whole parts of a request, so that they are exact.
    """
    rate = Fraction(limit)
    brim = max(Fraction(1), rate * Fraction(burst))
    request = math.lcm(rate.denominator, brim.denominator)
    inflow, capacity = int(rate * request), int(brim * request)
    refused = {}
    for user in {user for each in seconds for user in each.users}:
        tokens, before = capacity, seconds[0].index - 1
        for each in seconds:
            passed, before = each.index - before, each.index
            # Of a gap, what flows in beyond the brim is lost; what flows in during this second can be used in it.
            tokens = min(capacity, tokens + inflow * (passed - 1)) + inflow
            wanted = each.counts.get(user, 0)
            taken = min(wanted, tokens // request)
            tokens = min(capacity, tokens - taken * request)
            if wanted > taken:
                refused[user, each.index] = wanted - taken
    return refused


def _counters(
    seconds: Sequence[Second], refused: Refused, concurrency_limits: Sequence[float]
) -> Iterator[tuple[Series, float | Histogram]]:
    totals = {"user": 0, "anonymous": 0, "overflow": 0}
    observations: list[int] = []
    for each in seconds:
        totals["user"] += sum(each.users.values())
        totals["anonymous"] += each.counts.get(ANONYMOUS, 0)
        totals["overflow"] += each.counts.get(OVERFLOW, 0)
        observations += each.users.values()
    for identity, total in totals.items():
        yield _series("reduse.user.requests", identity=identity), total
    edges = [0, *BOUNDS, math.inf]
    buckets = tuple(sum(low < rate <= high for rate in observations) for low, high in pairwise(edges))
    yield _series("reduse.user.rate.distribution"), (BOUNDS, buckets, float(sum(observations)))
    for (limit, burst), requests in refused.items():
        rejected = sum(requests.values())
        yield _series("reduse.rate_limit.rejected", limit=f"{limit:g}", burst=f"{burst:g}"), rejected
    for limit in concurrency_limits:
        above = sum(_concurrency(each) > limit for each in seconds)
        yield _series("reduse.concurrency_limit.above", limit=f"{limit:g}"), above
    yield _series("reduse.service.observed"), len(seconds)
