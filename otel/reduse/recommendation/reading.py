"""Reads an observation from a store."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reduse.duration import text
from reduse.limit import PolicyLimit, parse_limit
from reduse.recommendation.errors import ChoiceError, RecommendationError
from reduse.recommendation.observation import (
    RESOLUTION,
    USERS_WINDOW,
    LimitEffect,
    Observation,
    Tried,
    order_of,
)
from reduse.recommendation.tally import IDENTIFIED, Samples, Series, Tally
from reduse.store.answer import Course, Sample
from reduse.store.client import QueryRefusedError, StoreClient

TIMEOUT_SECONDS = 60.0
# Prometheus refuses more than 11,000 points of a series in an answer: longer windows are read in chunks.
CHUNK = 10_000 * RESOLUTION
# How far before the window the last value of a counter is looked for: first near, then anywhere.
NEAR = "5m"
FAR = "30d"
# The last value of a gauge stands for so long: a processor that died sends nothing that ends its series.
FRESH = "15s"

REJECTED = "reduse_rate_limit_rejected_total"
REQUESTS = "reduse_user_requests_total"
UNDER_POLICY = "reduse_policy_requests_total"
TOUCHED = "reduse_rate_limit_users"


class _Subject(NamedTuple):
    """Whose requests are judged. Selectors: of the counters of requests and rejections together, of the users active in
    an hour, and of those touched."""

    name: str
    policy: str
    burst: float | None
    counters: str
    active: str
    touched: str


class HistoryReader:
    """Asks a store; give its client `TIMEOUT_SECONDS`. Raises QueryError when it does not answer."""

    def __init__(self, store: StoreClient) -> None:
        self._store = store

    def observe(
        self, service: str, *, window: int, end: int, burst: float | None = None, policy: str = ""
    ) -> Observation:
        """What happened in the `window` seconds up to `end` (Unix s).

        Args:
            service: as the label `service` has it.
            window: in seconds.
            end: Unix seconds.
            burst: in seconds, selects the ladder.
            policy: of the service, whose requests alone are meant; then there is no choice of bursts.

        Raises:
            ChoiceError: there are several ladders and `burst` is none of theirs.
            RecommendationError: there is no data.
        """
        start = end - window
        subject = (
            self._under(service, policy, start, end)
            if policy
            else _of_service(service, self._ladder(service, burst, start, end))
        )
        tally = self._tally(subject, start, end)
        span = tally.span()
        active = self._largest(f"sum(last_over_time({subject.active}[{FRESH}]))", start, end)
        touched = self._largest(
            f"sum by (policy, limit, burst) (last_over_time({subject.touched}[{FRESH}]))", start, end
        )
        incomplete = tally.incomplete() | (tally.rejected.keys() - touched.keys())
        complete = sorted(tally.rejected.keys() - incomplete, key=order_of)
        if span is None or not tally.requests or not active.get(None) or not touched or not complete:
            missing_users = not active.get(None) or not touched
            raise RecommendationError(_nothing_to_judge(subject, window, tally, missing_users=missing_users))
        return Observation(
            service=service,
            start=start,
            end=end,
            first=span[0],
            last=span[1],
            burst=subject.burst,
            requests=tally.requests,
            all_requests=tally.all_requests,
            active=active[None],
            peak=tally.peak,
            ladder=[
                LimitEffect(limit, tally.rejected[limit], touched[limit], tally.left_peak[limit]) for limit in complete
            ],
            incomplete=sorted(incomplete, key=order_of),
            policy=policy,
        )

    def policies(self, service: str, *, window: int, end: int) -> list[str]:
        """Those of the service under which requests were counted in the window, by name."""
        return sorted(
            self._store.label_values("policy", f"{UNDER_POLICY}{{service={quoted(service)}}}", end - window, end)
        )

    def _under(self, service: str, policy: str, start: int, end: int) -> _Subject:
        own = f"service={quoted(service)},policy={quoted(policy)}"
        if not self._store.label_values("policy", f"{UNDER_POLICY}{{{own}}}", start, end):
            known = ", ".join(self.policies(service, window=end - start, end=end))
            cure = (
                f"policies with requests are {known}."
                if known
                else "it has no policies that are counted, see `./reduse watch check` and docs/rate-limits.md."
            )
            raise RecommendationError(
                f"no request under the policy {policy} of {service} in the last {text(end - start)}; {cure}"
            )
        if not self._store.label_values("limit", f"{REJECTED}{{{own}}}", start, end):
            raise RecommendationError(
                f"no limit was tried under the policy {policy} of {service}: give it `limits` in the company's file, "
                "or name them in REDUSE_PROCESSOR_POLICY_LIMITS of the processor."
            )
        return _Subject(
            f"{service} under the policy {policy}",
            policy,
            None,
            f'{{__name__=~"{REJECTED}|{UNDER_POLICY}",{own}}}',
            f'reduse_policy_users{{{own},window="{USERS_WINDOW}"}}',
            f'{TOUCHED}{{{own},window="{USERS_WINDOW}"}}',
        )

    def _ladder(self, service: str, burst: float | None, start: int, end: int) -> str:
        """The label `burst` of the ladder that is meant."""
        found = self._store.label_values("burst", f'{REJECTED}{{service={quoted(service)},policy=""}}', start, end)
        if not found:
            known = ", ".join(self._store.label_values("service", REJECTED, start, end))
            cure = (
                f"services with data are {known}: is the name right, and does it send users' requests?"
                if known
                else "no service has any: is the stack up (./reduse check), and does the service name its users?"
            )
            raise RecommendationError(f"no rate limits were tried on {service} in the last {text(end - start)}; {cure}")
        shown = ", ".join(sorted(found, key=float))
        if burst is None:
            if len(found) > 1:
                raise ChoiceError(f"{service} has ladders for bursts of {shown} s: choose one with --burst.")
            return found[0]
        for label in found:
            if float(label) == burst:
                return label
        raise ChoiceError(f"--burst {burst:g}: {service} has ladders for bursts of {shown} s.")

    def _tally(self, subject: _Subject, start: int, end: int) -> Tally:
        """Both counters in one query, so that they are of the same moment."""
        selector = subject.counters
        tally = Tally(self._bases(f"last_over_time({selector}[{NEAR}])", start))
        searched = False
        for first, last in _chunks(start, end):
            query = f"last_over_time({selector}[{RESOLUTION}s])"
            chunk = _counters(
                (course.labels, list(zip(course.times, course.values, strict=True)))
                for course in self._courses(query, first, last)
            )
            if not searched and not all(tally.knows(series) for series in chunk):
                tally.begin(self._bases(f"last_over_time(last_over_time({selector}[{NEAR}])[{FAR}:{NEAR}])", start))
                searched = True
            tally.add(chunk)
        return tally

    def _bases(self, query: str, at: int) -> dict[Series, float]:
        found = _counters((sample.labels, [(sample.time, sample.value)]) for sample in self._query(query, at))
        return {series: samples[-1][1] for series, samples in found.items()}

    def _largest(self, query: str, start: int, end: int) -> dict[Tried | None, int]:
        """The largest value in the window by limit; None is that of series without the label."""
        found: dict[Tried | None, int] = {}
        for first, last in _chunks(start, end):
            length = last - first + RESOLUTION
            for sample in self._query(f"max_over_time(({query})[{length}s:{RESOLUTION}s])", last):
                limit = _limit(sample.labels)
                found[limit] = max(found.get(limit, 0), round(sample.value))
        return found

    def _query(self, promql: str, at: int) -> list[Sample]:
        try:
            return self._store.query(promql, at)
        except QueryRefusedError as error:
            raise _too_much(error) from None

    def _courses(self, promql: str, start: int, end: int) -> list[Course]:
        try:
            return self._store.courses(promql, start, end, RESOLUTION)
        except QueryRefusedError as error:
            raise _too_much(error) from None


def _too_much(error: QueryRefusedError) -> RecommendationError:
    return RecommendationError(f"{error}: try a shorter --window.")


def _chunks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """(first, last) seconds of (start, end], each once, in pieces that one answer can hold."""
    for before in range(start, end, CHUNK):
        yield before + RESOLUTION, min(before + CHUNK, end)


def _counters(results: Iterable[tuple[Mapping[str, str], list[tuple[float, float]]]]) -> dict[Series, Samples]:
    """Of labels, and values by time. Rejections without a `burst` are of no ladder, and left out."""
    found: dict[Series, Samples] = {}
    for labels, samples in results:
        if labels["__name__"] == REJECTED and "burst" not in labels:
            continue
        source = f"{labels.get('job', '')}/{labels.get('instance', '')}"
        identity = IDENTIFIED if labels["__name__"] == UNDER_POLICY else labels.get("identity", "")
        series = Series(source, _limit(labels), identity)
        found[series] = [(round(time), value) for time, value in samples]
    return found


def _limit(labels: Mapping[str, str]) -> Tried | None:
    if "limit" not in labels:
        return None
    if "policy" in labels:
        return PolicyLimit(parse_limit(labels["limit"]), float(labels["burst"]))
    return float(labels["limit"])


def _nothing_to_judge(subject: _Subject, window: int, tally: Tally, *, missing_users: bool) -> str:
    where = f"{subject.name} in the last {text(window)}"
    if not tally.all_requests:
        return f"no request of {where}: try a longer --window."
    if not tally.requests:
        return f"no request of an identified user of {where}: see REDUSE_USER_RESOLVERS of the service."
    if missing_users:
        return f"no users counted by the hour (reduse_rate_limit_users, reduse_users_active) of {where}."
    return f"no limit was tried all the time on {where}: try a shorter --window."


def _of_service(service: str, burst: str) -> _Subject:
    """`burst`: the label of the ladder."""
    bursts = quoted(f"|{re.escape(burst)}")
    return _Subject(
        service,
        "",
        float(burst),
        f'{{__name__=~"{REJECTED}|{REQUESTS}",service={quoted(service)},burst=~{bursts},policy=""}}',
        f"reduse_users_active{{{_hour(service)}}}",
        f'{TOUCHED}{{{_hour(service)},burst="{burst}",policy=""}}',
    )


def _hour(service: str) -> str:
    return f'service={quoted(service)},window="{USERS_WINDOW}"'


def quoted(value: str) -> str:
    """A string of PromQL, which escapes as JSON does."""
    return json.dumps(value, ensure_ascii=False)
