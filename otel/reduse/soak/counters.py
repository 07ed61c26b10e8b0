"""Counters of the store at a moment when nothing moves, and what they have grown since an earlier one."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reduse.store.client import QueryError, StoreClient

# Exports each second, their way of two seconds, and the last windows of users.
STILL_SECONDS = 8.0
POLL_SECONDS = 1.0

Series = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """By query, the last value and the number of resets of each series, since the begin of the soak."""

    values: Mapping[str, Mapping[Series, tuple[float, float]]]


def queries(services: Sequence[str], probes: Sequence[str]) -> Mapping[str, str]:
    """Selectors of the counters by name. `probes`: routes that the stack asks for by itself."""
    jobs, routes = "|".join(services), "|".join(probes)
    return {
        "red": f'http_server_request_duration_seconds_count{{job=~"{jobs}",http_route!~"{routes}"}}',
        "users": f'reduse_user_requests_total{{service=~"{jobs}"}}',
        "sent": f'messaging_client_sent_messages_total{{job=~"{jobs}",error_type=""}}',
        "consumed": f'messaging_client_consumed_messages_total{{job=~"{jobs}",error_type=""}}',
        "probes": f'http_server_request_duration_seconds_count{{job=~"{jobs}",http_route=~"{routes}"}}',
    }


def moment(client: StoreClient, selectors: Mapping[str, str], seconds: float) -> Moment:
    """Of the last so many seconds, all series."""
    span = f"[{int(seconds) + 1}s]"
    return Moment({name: _values(client, f"{selector}{span}") for name, selector in selectors.items()})


def _values(client: StoreClient, ranged: str) -> dict[Series, tuple[float, float]]:
    resets = {_series(sample.labels): sample.value for sample in client.query(f"resets({ranged})")}
    return {
        series: (sample.value, resets.get(series, 0.0))
        for sample in client.query(f"last_over_time({ranged})")
        for series in [_series(sample.labels)]
    }


def _series(labels: Mapping[str, str]) -> Series:
    return tuple(sorted((name, value) for name, value in labels.items() if name != "__name__"))


def settled(ask: Callable[[], Moment], enough: Callable[[Moment], bool], seconds: float) -> Moment:
    """The first that stays as it is for some seconds and is `enough`; after `seconds` whatever is there.

    Raises QueryError when there was no answer at all.
    """
    deadline = time.monotonic() + seconds
    last: Moment | None = None
    since = time.monotonic()
    while True:
        try:
            now = ask()
        except QueryError:
            if time.monotonic() > deadline:
                raise
        else:
            if now != last:
                last, since = now, time.monotonic()
            still = time.monotonic() - since >= STILL_SECONDS
            if (still and enough(now)) or time.monotonic() > deadline:
                return now
        time.sleep(POLL_SECONDS)


def grown(before: Moment, now: Moment, name: str, *labels: str) -> dict[tuple[str, ...], int]:
    """By these labels, how much the counters of this query have grown.

    One that began anew in between has grown by what it has now: who was silent for an hour is forgotten between the
    pieces of a soak, and not while it lasts.
    """
    found = Counter[tuple[str, ...]]()
    earlier = before.values[name]
    for series, (value, resets) in now.values[name].items():
        base, known = earlier.get(series, (0.0, 0.0))
        of = dict(series)
        found[tuple(of.get(label, "") for label in labels)] += round(value - (base if resets <= known else 0.0))
    return dict(found)
