"""What must hold of the HTTP metrics of one running service, as data.

The source of each is the OpenTelemetry semantic conventions, "HTTP metrics" and "HTTP spans", unless it says more.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from behaviours.application import BACKGROUND_SECONDS, STREAM_SECONDS
from behaviours.client import Act, ask, cut_short, in_turn, leave, talk
from behaviours.observation import ACTIVE, DURATION, Observation, Series, described, series
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from tests.otlp_receiver import Received

YES = "yes"
Judge = Callable[[Observation], str]


@dataclass(frozen=True)
class Behaviour:
    """A line of the table: `judge` gives `yes`, or what was seen instead.

    `settle_seconds`: how long to wait after the last response, because some things are recorded after it.
    """

    name: str
    requests: str
    act: Act
    judge: Judge
    settle_seconds: float = 0.1


def counts(*expected: Series, times: int = 1) -> Judge:
    """These series gain this much each, and nothing else gains anything."""
    wanted = Counter(dict.fromkeys(expected, times))

    def judge(seen: Observation) -> str:
        return YES if seen.counts == wanted else described(seen.counts)

    return judge


def takes(expected: Series, at_least: float, less_than: float) -> Judge:
    """One request of this series, with a duration within these seconds."""

    def judge(seen: Observation) -> str:
        if seen.counts != Counter([expected]):
            return described(seen.counts)
        if seen.seconds < at_least:
            return f"less than {at_least:g} s"
        return YES if seen.seconds < less_than else f"{less_than:g} s or more"

    return judge


def _one_left(seen: Observation) -> str:
    without_error = Counter({_without_error(attributes): count for attributes, count in seen.counts.items()})
    return YES if without_error == Counter([series("/endless", 200)]) else described(seen.counts)


def _without_error(attributes: Series) -> Series:
    return frozenset((name, value) for name, value in attributes if name != "error.type")


def _told_by_error_type(seen: Observation) -> str:
    told = all(_without_error(attributes) != attributes for attributes in seen.counts)
    return YES if seen.counts and told else described(seen.counts)


def _bounds(seen: Observation) -> str:
    bounds = {point.bounds for point in seen.latest.named(DURATION)}
    return YES if bounds == {DURATION_BOUNDS} else " and ".join(map(str, sorted(bounds)))


def _unit(seen: Observation) -> str:
    units = {point.unit for point in seen.latest.named(DURATION)}
    return YES if units == {"s"} else " and ".join(sorted(units))


def _begins_with_0(seen: Observation) -> str:
    """A rate is a difference: what stands before the first value of a series is not seen by any (data model)."""
    first: dict[object, Received] = {}
    for point in seen.received.named(DURATION):
        first.setdefault(point.series, point)
    begun = [point.value == 0 and point.time == point.start for point in first.values()]
    return YES if begun and all(begun) else "its first value is what was counted before"


def _none_active(seen: Observation) -> str:
    active = seen.latest.named(ACTIVE)
    if not active:
        return "no such metric"
    left = [point for point in active if point.value]
    return f"{sum(point.value for point in left):g} left" if left else YES


def _active_attributes(seen: Observation) -> str:
    names = {name for point in seen.latest.named(ACTIVE) for name in point.attributes}
    wanted = {"http.request.method", "url.scheme"}
    return YES if names == wanted else ", ".join(f"`{name}`" for name in sorted(names))


def _no_raw_path(seen: Observation) -> str:
    found = {
        f"`{point.name}`"
        for point in seen.received.points
        if any("secret" in str(value) for value in point.attributes.values())
    }
    return ", ".join(sorted(found)) or YES


def _no_span(seen: Observation) -> str:
    return YES if seen.answers == ["false"] else "a span for each request"


def _by_user(seen: Observation) -> str:
    identified = Counter({user: count for user, count in seen.users.items() if user not in "-+"})
    if not seen.users:
        return "no such metric"
    return YES if sorted(identified.values()) == [1, 2] and seen.users["-"] == 1 else str(sorted(seen.users.values()))


BEHAVIOURS = (
    Behaviour(
        "A request has the attributes of the convention and no others; the lifespan is none",
        "3 × `GET /plain`",
        ask("/plain", times=3),
        counts(series("/plain", 200), times=3),
    ),
    Behaviour("The unit is seconds", "`GET /plain`", ask("/plain"), _unit),
    Behaviour("The buckets are those that the convention advises", "`GET /plain`", ask("/plain"), _bounds),
    Behaviour(
        "Each series begins with a point of 0, so that a rate sees its first request",
        "`GET /plain`",
        ask("/plain"),
        _begins_with_0,
    ),
    Behaviour(
        "`http.route` has the prefix of `include_router`",
        "`GET /api/v1/items/3`",
        ask("/api/v1/items/3"),
        counts(series("/api/v1/items/{item_id}", 200)),
    ),
    Behaviour(
        "`http.route` has the prefix of a mounted FastAPI application, and the request counts once",
        "`GET /sub/direct/3`",
        ask("/sub/direct/3"),
        counts(series("/sub/direct/{key}", 200)),
    ),
    Behaviour(
        "`http.route` has the templates of mounts with parameters",
        "`GET /starlette/rooms/4/things/5`",
        ask("/starlette/rooms/4/things/5"),
        counts(series("/starlette/rooms/{room}/things/{key}", 200)),
    ),
    Behaviour(
        "`http.route` of a plain Starlette route",
        "`GET /route/7`",
        ask("/route/7"),
        counts(series("/route/{key}", 200)),
    ),
    Behaviour(
        "Paths without a route count together, without `http.route`",
        "`GET /secret/1`, `GET /secret/2`",
        in_turn(ask("/secret/1"), ask("/secret/2")),
        counts(series(None, 404), times=2),
    ),
    Behaviour(
        "Their path is in no attribute of any metric",
        "`GET /secret/3?secret=4`",
        ask("/secret/3?secret=4"),
        _no_raw_path,
    ),
    Behaviour(
        "A method that the route does not take: its template, 405",
        "`POST /plain`",
        ask("/plain", "POST"),
        counts(series("/plain", 405, method="POST")),
    ),
    Behaviour(
        "A method that the convention knows is reported by its name",
        "`QUERY /plain`",
        ask("/plain", "QUERY"),
        counts(series("/plain", 405, method="QUERY")),
    ),
    Behaviour(
        "An unknown method is `_OTHER`",
        "`PURGE /plain`",
        ask("/plain", "PURGE"),
        counts(series("/plain", 405, method="_OTHER")),
    ),
    Behaviour(
        "`HEAD` is counted as such",
        "`HEAD /route/7`",
        ask("/route/7", "HEAD"),
        counts(series("/route/{key}", 200, method="HEAD")),
    ),
    Behaviour(
        "A client error has no `error.type`",
        "a route that raises `HTTPException(404)`",
        ask("/missing/3"),
        counts(series("/missing/{key}", 404)),
    ),
    Behaviour(
        "A request that fails validation is a client error",
        "`GET /api/v1/items/x`",
        ask("/api/v1/items/x"),
        counts(series("/api/v1/items/{item_id}", 422)),
    ),
    Behaviour(
        "`error.type` of a server error without an exception is its status",
        "a route that answers 503",
        ask("/unavailable"),
        counts(series("/unavailable", 503, "503")),
    ),
    Behaviour(
        "`error.type` of an exception is its class",
        "a route that raises `RuntimeError`",
        ask("/fails"),
        counts(series("/fails", 500, "RuntimeError")),
    ),
    Behaviour(
        "An exception that the application makes an answer of is no error",
        "a handler that answers 409",
        ask("/refused"),
        counts(series("/refused", 409)),
    ),
    Behaviour(
        "An exception after the response began has its class in `error.type`",
        "a stream that raises `RuntimeError`",
        cut_short("/breaks"),
        counts(series("/breaks", 200, "RuntimeError")),
    ),
    Behaviour(
        "A stream is timed to its end",
        f"a stream of {STREAM_SECONDS} s",
        ask("/stream"),
        takes(series("/stream", 200), STREAM_SECONDS, BACKGROUND_SECONDS),
    ),
    Behaviour(
        "A background task is not part of the duration",
        f"an answer with a task of {BACKGROUND_SECONDS:g} s behind it",
        ask("/background"),
        takes(series("/background", 200), 0.0, BACKGROUND_SECONDS),
    ),
    Behaviour(
        "A client that leaves in the middle of a stream is counted",
        "the first bytes of an endless stream",
        leave("/endless"),
        _one_left,
    ),
    Behaviour(
        "`error.type` tells a response that was not sent to its end from one that was",
        "the first bytes of an endless stream",
        leave("/endless"),
        _told_by_error_type,
    ),
    Behaviour("A WebSocket is no request", "a WebSocket with one message", talk("/socket"), counts()),
    Behaviour("With no exporter of traces configured, no span is made", "`GET /span`", ask("/span"), _no_span),
    Behaviour(
        "Requests are counted by user, in a metric of their own",
        "2 by ann, 1 by bob, 1 by nobody",
        in_turn(ask("/plain", times=2, user="ann"), ask("/plain", user="bob"), ask("/plain")),
        _by_user,
        settle_seconds=0.3,
    ),
    Behaviour(
        "`http.server.active_requests` has the attributes of the convention",
        "all of the above",
        ask("/plain"),
        _active_attributes,
    ),
    Behaviour("`http.server.active_requests` is back at 0", "all of the above", ask("/plain"), _none_active),
)
