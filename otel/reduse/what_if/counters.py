"""The same as a verification where no history is: from the counters in the store, for limits that were tried."""

from collections.abc import Iterator

from reduse.recommendation.errors import ChoiceError
from reduse.recommendation.reading import quoted
from reduse.store.client import StoreClient
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.verification import NOT_THROTTLED, OfHour, Pair, Verification

HOUR = 3600
COUNTERS = (
    "There is no history: both are counters in the store, as `increase()` gives them, which extrapolates a little. By "
    "user nothing is known."
)


def verify_counters(
    store: StoreClient, service: str, policy: str | None, limiter: Limiter, start: int, end: int
) -> Verification:
    """Of [start, end), Unix seconds. Raises ChoiceError when this limit was not tried."""
    labels = {"service": service, "policy": policy or ""}
    tried = labels | _tried(limiter, policy)
    if limiter.kind is not Kind.TOKEN_BUCKET or limiter.instances > 1 or not _there(store, tried, end, end - start):
        raise ChoiceError(
            f"--limit {limiter}: without a history only token buckets that the processor tries can be verified; it has "
            f"tried none with {_selector(tried)}."
        )
    hours = [
        OfHour(
            begin,
            Pair(
                _increase(store, "reduse_rate_limit_rejected_total", tried, until, until - begin),
                _increase(store, "reduse_throttled_requests_total", _throttled(labels, policy), until, until - begin),
            ),
        )
        for begin, until in _hours(start, end)
    ]
    in_all = Pair(sum(hour.pair.predicted for hour in hours), sum(hour.pair.throttled for hour in hours))
    notes = [COUNTERS]
    if in_all.predicted and not in_all.throttled:
        notes.append(NOT_THROTTLED)
    return Verification(service, policy, start, end, str(limiter), in_all, hours, [], notes)


def _tried(limiter: Limiter, policy: str | None) -> dict[str, str]:
    """The labels of a limit: of the whole service by the second, with a burst in seconds."""
    if policy:
        return {"limit": str(limiter.limit), "burst": f"{limiter.capacity:g}"}
    return {"limit": f"{limiter.per_second:g}", "burst": f"{limiter.burst / limiter.per_second:g}"}


def _throttled(labels: dict[str, str], policy: str | None) -> dict[str, str]:
    """Of the whole service what is under any policy, too."""
    return labels if policy is not None else {"service": labels["service"]}


def _there(store: StoreClient, labels: dict[str, str], at: int, length: int) -> bool:
    query = f"count(last_over_time(reduse_rate_limit_rejected_total{_selector(labels)}[{length}s]))"
    return bool(store.query(query, at))


def _increase(store: StoreClient, metric: str, labels: dict[str, str], at: int, length: int) -> int:
    found = store.query(f"sum(increase({metric}{_selector(labels)}[{length}s]))", at)
    return round(found[0].value) if found else 0


def _selector(labels: dict[str, str]) -> str:
    return "{" + ",".join(f"{name}={quoted(value)}" for name, value in labels.items()) + "}"


def _hours(start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        until = min((start // HOUR + 1) * HOUR, end)
        yield start, until
        start = until
