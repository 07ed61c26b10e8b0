"""What is answered, from all seconds so far."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from tests.processor.reference.membership import members_after
from tests.processor.reference.points import ANONYMOUS, OVERFLOW, Histogram, Point, Series, Values

# Each with its limits, and its burst in seconds.
Ladders = Sequence[tuple[Sequence[float], float]]
# By policy: the limits tried, each as it is written, with requests a second and what a bucket holds.
PolicyLimits = Mapping[str, Sequence[tuple[str, float, float]]]
# Of each limit, by its labels: requests refused, by user and index of the second.
Refused = dict[tuple[tuple[str, str], ...], dict[tuple[str, int], int]]
BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


@dataclass
class Second:
    """Requests and microseconds by user, `-` and `+`."""

    index: int
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    microseconds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # Of these the requests under each policy, and those that were throttled, by policy and user; "" is none.
    under: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    throttled: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def add(self, point: Point, count: int, microseconds: int) -> None:
        self.counts[point.user] += count
        self.microseconds[point.user] += microseconds
        if point.policy and (count or microseconds):
            self.under[point.policy][point.user] += count
        if point.throttled:
            self.throttled[point.policy][point.user] += count

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
    policy_limits: PolicyLimits,
) -> Values:
    """All series as of the end of the last entry; in a silence, the gauges that end with it."""
    values: Values = {}
    for name, kind in (("reduse.user.rate", "counts"), ("reduse.user.concurrency", "microseconds")):
        values |= _by_user(history, name, kind, top_k, labels_per_day)
    seconds = [each for each in history if isinstance(each, Second)]
    refused: Refused = {}
    for limits, burst in ladders:
        for limit in limits:
            brim = max(Fraction(1), Fraction(limit) * Fraction(burst))
            refused[_labels(limit=f"{limit:g}", burst=f"{burst:g}")] = _refusals(
                [(each.index, each.counts) for each in seconds], limit, brim
            )
    for policy, of_policy in policy_limits.items():
        for written, limit, bucket in of_policy:
            refused[_labels(policy=policy, limit=written, burst=f"{bucket:g}")] = _refusals(
                [(each.index, each.under.get(policy, {})) for each in seconds], limit, Fraction(bucket)
            )
    gauges = _gauges(seconds, refused)
    if isinstance(history[-1], Quiet):
        return values | {series: None for series, _ in gauges}
    counters = _counters(seconds, refused, concurrency_limits)
    without_label = members_after(history, "counts", top_k, labels_per_day).refused
    return values | dict(gauges) | dict(counters) | {_series("reduse.user.labels.refused"): without_label}


def _labels(**attributes: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(attributes.items()))


def _series(name: str, **attributes: str) -> Series:
    return name, _labels(**attributes)


def _policies(seconds: Sequence[Second]) -> list[str]:
    """All that there were."""
    return sorted({policy for each in seconds for policy in each.under})


def _named(policy: str) -> dict[str, str]:
    return {"policy": policy} if policy else {}


def _users_of(seconds: Sequence[Second], kind: str, policy: str) -> set[str]:
    return {user for each in seconds for user, n in getattr(each, kind).get(policy, {}).items() if n}


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
    in_the_hour = [each for each in seconds if each.index > last.index - 3600]
    policies = _policies(seconds)
    for name, kind, told in (("policy", "under", policies), ("throttled", "throttled", ["", *policies])):
        for policy in told:
            for window, of_window in (("1s", seconds[-1:]), ("1h", in_the_hour)):
                users = len(_users_of(of_window, kind, policy))
                yield _series(f"reduse.{name}.users", window=window, **_named(policy)), users
    for pairs, requests in refused.items():
        labels = dict(pairs)
        now = {user for user, index in requests if index == last.index}
        in_an_hour = {user for user, index in requests if index > last.index - 3600}
        yield _series("reduse.rate_limit.users", window="1s", **labels), len(now)
        yield _series("reduse.rate_limit.users", window="1h", **labels), len(in_an_hour)


def _concurrency(second: Second) -> float:
    return sum(second.microseconds.values()) / 1_000_000


def _refusals(
    seconds: Sequence[tuple[int, Mapping[str, int]]], limit: float, brim: Fraction
) -> dict[tuple[str, int], int]:
    """Requests refused, by user and second: the bucket of each user, from the beginning.

    In whole parts of a request, so that they are exact. `seconds`: each index, and requests by user.
    """
    rate = Fraction(limit)
    request = math.lcm(rate.denominator, brim.denominator)
    inflow, capacity = int(rate * request), int(brim * request)
    refused = {}
    users = {user for _, counts in seconds for user, n in counts.items() if n and user not in {ANONYMOUS, OVERFLOW}}
    for user in users:
        tokens, before = capacity, seconds[0][0] - 1
        for index, counts in seconds:
            passed, before = index - before, index
            # Of a gap, what flows in beyond the brim is lost; what flows in during this second can be used in it.
            tokens = min(capacity, tokens + inflow * (passed - 1)) + inflow
            wanted = counts.get(user, 0)
            taken = min(wanted, tokens // request)
            tokens = min(capacity, tokens - taken * request)
            if wanted > taken:
                refused[user, index] = wanted - taken
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
    for pairs, requests in refused.items():
        yield ("reduse.rate_limit.rejected", pairs), sum(requests.values())
    policies = _policies(seconds)
    for name, kind, told in (("policy", "under", policies), ("throttled", "throttled", ["", *policies])):
        for policy in told:
            counted = sum(sum(getattr(each, kind).get(policy, {}).values()) for each in seconds)
            yield _series(f"reduse.{name}.requests", **_named(policy)), counted
    for limit in concurrency_limits:
        above = sum(_concurrency(each) > limit for each in seconds)
        yield _series("reduse.concurrency_limit.above", limit=f"{limit:g}"), above
    yield _series("reduse.service.observed"), len(seconds)
