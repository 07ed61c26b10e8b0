"""What a receiver saw of some requests: how much each series gained, in words that are the same at each run."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.otlp_receiver import OtlpReceiver, Received

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"

# Longer than any request here.
REST_SECONDS = 30.0

Attribute = str | int | bool | float
Series = frozenset[tuple[str, Attribute]]

# Nearly all requests have these: a table that repeated them could not be read.
COMMON: Mapping[str, Attribute] = {
    "http.request.method": "GET",
    "url.scheme": "http",
    "network.protocol.version": "1.1",
}
_SHOWN_BY_VALUE = ("http.request.method", "http.route", "http.response.status_code")


def series(route: str | None, status: int | None, error: str | None = None, method: str = "GET") -> Series:
    """The attributes of `http.server.request.duration` for such a request, as the convention asks for them."""
    attributes: dict[str, Attribute | None] = {
        **COMMON,
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "error.type": error,
    }
    return frozenset((name, value) for name, value in attributes.items() if value is not None)


@dataclass(frozen=True)
class Export:
    """The points of one export of one instance. HTTP metrics are cumulative."""

    points: Sequence[Received] = ()

    def named(self, name: str) -> list[Received]:
        """Points of one metric."""
        return [point for point in self.points if point.name == name]

    def counts(self) -> Counter[Series]:
        """Requests by series. The same attributes in two scopes add up, as they would in a query."""
        counts: Counter[Series] = Counter()
        for point in self.named(DURATION):
            counts[frozenset(point.attributes.items())] += int(point.value)
        return counts

    def seconds(self) -> float:
        """What all requests took together."""
        return sum(point.sum for point in self.named(DURATION))


@dataclass(frozen=True)
class Observation:
    """What changed while a behaviour was driven.

    `answers` are the bodies of the responses, `users` the requests that each user gained, `latest` the export that
    was begun after the last response, `received` everything that has come since the service started.
    """

    counts: Counter[Series]
    seconds: float
    users: Counter[str]
    latest: Export
    received: Export
    answers: Sequence[str] = field(default_factory=list)


def export_begun_after(receiver: OtlpReceiver, moment: int) -> Export:
    """The first export with values newer than `moment`, nanoseconds of Unix time, in which no request is under way.

    When one seems to be for ever, the newest export.

    Raises:
        TimeoutError: none came.
    """

    def newer() -> list[Export]:
        requests = sorted({point.request for point in receiver.named(DURATION) if point.time > moment})
        # The points of a request are kept all at once, so none of them is missing here.
        points = list(receiver.points)
        return [Export([point for point in points if point.request == request]) for request in requests]

    def at_rest() -> list[Export]:
        return [export for export in newer() if not any(point.value for point in export.named(ACTIVE))]

    receiver.wait_for(lambda _: bool(newer()))
    with suppress(TimeoutError):
        receiver.wait_for(lambda _: bool(at_rest()), REST_SECONDS)
    return (at_rest() or newer()[-1:])[0]


def gain(before: Export, users_before: Counter[str], receiver: OtlpReceiver, answers: Sequence[str]) -> Observation:
    """What the receiver got more than before, of everything that has ended by now."""
    latest = export_begun_after(receiver, time.time_ns())
    return Observation(
        counts=latest.counts() - before.counts(),
        seconds=latest.seconds() - before.seconds(),
        users=receiver.user_counts() - users_before,
        latest=latest,
        received=Export(list(receiver.points)),
        answers=answers,
    )


def described(counts: Mapping[Series, int]) -> str:
    """Series and their counts in a line of Markdown; common attributes only where they are not the common ones."""
    if not counts:
        return "nothing"
    return ", ".join(sorted(f"{count} × {_described(dict(attributes))}" for attributes, count in counts.items()))


def _described(attributes: dict[str, Attribute]) -> str:
    method, route, status = (attributes.get(name) for name in _SHOWN_BY_VALUE)
    words = [f"`{method} {route}`" if route is not None else f"`{method}` without a route", str(status)]
    words += [
        f"`{name}={value}`"
        for name, value in sorted(attributes.items())
        if name not in _SHOWN_BY_VALUE and COMMON.get(name) != value
    ]
    words += [f"without `{name}`" for name in COMMON if name not in attributes]
    return " ".join(words)
