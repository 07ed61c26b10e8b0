"""What may happen to a processor: requests in and out of order, again and again, time that passes, restarts."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.processor.reference.points import ANONYMOUS, OVERFLOW, SECOND, Point

# Noon of a day in 2026, UTC.
BEGIN = 1_789_992_000 * SECOND
STEP = SECOND // 8
# Longer than the longest interval is waited for.
SILENCE = 12 * SECOND


@dataclass(frozen=True)
class Send:
    """One request, at `now`."""

    now: int
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Tick:
    """Time has come to `now`."""

    now: int


@dataclass(frozen=True)
class Restart:
    now: int


Event = Send | Tick | Restart

_few_users = st.sampled_from([f"{number:016x}" for number in range(5)])
_users = st.one_of(_few_users, _few_users, st.integers(0, 2**64 - 1).map(lambda user: f"{user:016x}"))
_counts = st.one_of(st.integers(0, 6), st.integers(0, 60), st.sampled_from([0, 1, 500, 12_000]))
_microseconds = st.integers(0, 3_000_000)
_waits = st.sampled_from([0, 2, 4, 8, 8, 8, 12, 32, 8 * 65])
_long_waits = st.sampled_from([8 * 299, 8 * 3599, 8 * 3601, 8 * 86_400])


@st.composite
def _export(draw: DrawFn, now: int, service: str) -> list[list[Point]]:
    """What one instance has counted, in one or several requests, the unidentified in the last one, mostly."""
    time = now - draw(st.sampled_from([0, 0, 0, 1, 3, 8, 17])) * STEP
    start = time - draw(st.sampled_from([0, 3, 8, 8, 8, 9, 20, 8 * 7])) * STEP
    instance = draw(st.sampled_from(["one", "two"]))
    of_class = st.tuples(_users, st.sampled_from(["", "price", "jobs"]), st.booleans())
    of_users = st.tuples(_users, st.just(""), st.just(False)) if draw(st.booleans()) else of_class
    senders = draw(st.lists(of_users, max_size=6, unique=True))
    others = draw(st.sampled_from([[ANONYMOUS], [ANONYMOUS], [OVERFLOW, ANONYMOUS], []]))
    senders += [(other, "", False) for other in others]
    # Of some exports each point has a start of its own.
    later = st.just(0) if draw(st.integers(0, 3)) else st.integers(0, (time - start) // STEP)
    points = []
    for user, policy, throttled in senders:
        began, count, spent = start + draw(later) * STEP, draw(_counts), draw(_microseconds)
        points.append(Point(service, instance, began, time, user, count, spent, policy, throttled))
    cut = draw(st.integers(0, len(points)))
    return [part for part in (points[:cut], points[cut:]) if part]


@st.composite
def traces(draw: DrawFn, services: tuple[str, ...] = ("mes-api", "shop-api")) -> list[Event]:
    """Twenty steps at most, and in the end a silence."""
    now = BEGIN
    events: list[Event] = []
    recent: list[tuple[Point, ...]] = []
    for _ in range(draw(st.integers(1, 20))):
        if draw(st.integers(0, 15)) == 0:
            # First a silence: whoever is still waited for would be given each second of an hour, and all of them again.
            recent.clear()
            events.append(Tick(now + SILENCE))
            now += draw(_long_waits) * STEP
        now += draw(_waits) * STEP
        if draw(st.booleans()):
            events.append(Tick(now))
        if draw(st.integers(0, 7)) == 0:
            events.append(Restart(now))
        requests = [tuple(part) for part in draw(_export(now, draw(st.sampled_from(services))))]
        if recent and draw(st.integers(0, 3)) == 0:
            requests.append(draw(st.sampled_from(recent)))
        recent = [*recent, *requests][-6:]
        events += [Send(now, request) for request in draw(st.permutations(requests))]
    return [*events, Tick(now), Tick(now + 4 * SECOND), Tick(now + SILENCE)]
