"""Rate limits to be tried out: for all requests of a user, and for those under a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reduse.limit import DEFAULT_BURST_SECONDS, PolicyLimit, default_burst, parse_limit
from reduse.wire import MOST_POLICIES, POLICY_NAME


class Ladder(NamedTuple):
    """Limits in requests a second, whose buckets hold as much as flows in during `burst_seconds`."""

    limits: tuple[float, ...]
    burst_seconds: float


DEFAULT_LADDER = Ladder((1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), DEFAULT_BURST_SECONDS)
# In all ladders together: each costs the processor memory and time.
LIMITS_LIMIT = 32
# Of one policy.
POLICY_LIMITS_LIMIT = 8
_POLICY_EXAMPLE = "write it like mes-api/price=60/minute,100/minute@10"
_EXAMPLE = "like 1,2,5,10 or 1,2,5@2;10,100@30"


def parse_ladders(text: str, burst_seconds: float) -> tuple[Ladder, ...]:
    """Read `LIMIT,LIMIT…@BURST;…`; a ladder that names no burst, in seconds, has `burst_seconds`.

    Raises ValueError saying what is wrong, with an example.
    """
    ladders = tuple(_parse_ladder(part, burst_seconds) for part in text.split(";"))
    rungs = [(limit, ladder.burst_seconds) for ladder in ladders for limit in ladder.limits]
    for limit, burst in rungs:
        if rungs.count((limit, burst)) > 1:
            raise ValueError(f"limit {limit:g} with a burst of {burst:g} s is given twice: give it once")
    if len(rungs) > LIMITS_LIMIT:
        raise ValueError(f"must be at most {LIMITS_LIMIT} limits in all, not {len(rungs)}")
    return ladders


def _parse_ladder(text: str, burst_seconds: float) -> Ladder:
    limits, at, burst = text.partition("@")
    return Ladder(
        tuple(sorted(_number(part, "a limit", 1e9) for part in limits.split(","))),
        _number(burst, "a burst", 3600) if at else burst_seconds,
    )


def _number(text: str, what: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a number: write limits {_EXAMPLE}") from None
    if not 0 < number <= most:
        raise ValueError(f"{what} must be more than 0 and at most {most:g}, not {number:g}")
    return number


def parse_policy_limits(text: str, burst_seconds: float) -> Mapping[tuple[str, str], tuple[PolicyLimit, ...]]:
    """Read `SERVICE/POLICY=LIMIT@BURST,…;…`, by service and policy.

    A limit without a burst, in requests, has what flows in during `burst_seconds` if it is by the second, and else all
    that it allows in a period. Raises ValueError saying what is wrong, with an example.
    """
    found: dict[tuple[str, str], tuple[PolicyLimit, ...]] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, limits = part.partition("=")
        service, slash, policy = name.strip().rpartition("/")
        if not (equals and slash and service):
            raise ValueError(f"{part!r} does not name a service and a policy: {_POLICY_EXAMPLE}")
        if not POLICY_NAME.fullmatch(policy):
            raise ValueError(f"{policy!r} is not a name of a policy (up to 32 of a-z, 0-9, - and _): {_POLICY_EXAMPLE}")
        if (service, policy) in found:
            raise ValueError(f"{name.strip()} is given twice: give it once with all of its limits")
        found[service, policy] = _policy_limits(name.strip(), limits, burst_seconds)
    for service in {service for service, _ in found}:
        number = sum(each == service for each, _ in found)
        if number > MOST_POLICIES:
            raise ValueError(f"{service} must have at most {MOST_POLICIES} policies, not {number}")
    return found


def _policy_limits(name: str, text: str, burst_seconds: float) -> tuple[PolicyLimit, ...]:
    limits = tuple(_policy_limit(part, burst_seconds) for part in text.split(","))
    if len(limits) > POLICY_LIMITS_LIMIT:
        raise ValueError(f"{name} must have at most {POLICY_LIMITS_LIMIT} limits, not {len(limits)}")
    if len(set(limits)) < len(limits):
        raise ValueError(f"{name} has the same limit twice: give it once")
    return tuple(sorted(limits, key=lambda each: (each.limit.per_second, each.burst)))


def _policy_limit(text: str, burst_seconds: float) -> PolicyLimit:
    of_limit, at, of_burst = text.partition("@")
    limit = parse_limit(of_limit)
    if at:
        return PolicyLimit(limit, max(1.0, _number(of_burst, "a burst", 1e9)))
    return PolicyLimit(limit, max(1.0, default_burst(limit, burst_seconds)))
