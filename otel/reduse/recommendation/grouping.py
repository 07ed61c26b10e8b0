"""Which routes of a service may be put under one policy: those whose requests cost about the same.

What is known before there are policies is RED by route: how many requests there were, and how long they took. Which
users ask for which routes is not known, so no limit follows from it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from reduse.policies import Endpoint, Policy, parse_endpoint
from reduse.wire import LONGEST_POLICY_NAME, MOST_POLICIES, POLICY_NAME

COST_FACTOR = 3.0
"""Within a group the dearest requests take at most so many times as long as the cheapest, on average."""

LEAST_SHARE = 0.01
"""A route with less of the requests and less of the server's time is put under no policy."""


class RouteUse(NamedTuple):
    """What was asked of a route in some time: requests, and the seconds that they took together."""

    method: str
    route: str
    requests: float
    seconds: float

    @property
    def mean(self) -> float:
        """Seconds of a request."""
        return self.seconds / self.requests


class Group(NamedTuple):
    """A policy that is proposed, and the use of its routes, the dearest first."""

    policy: Policy
    routes: tuple[RouteUse, ...]

    @property
    def requests(self) -> float:
        """In all."""
        return sum(each.requests for each in self.routes)

    @property
    def seconds(self) -> float:
        """In all."""
        return sum(each.seconds for each in self.routes)


def groups_of(routes: Sequence[RouteUse]) -> list[Group]:
    """At most MOST_POLICIES groups, the dearest first; no route is in two of them.

    What cannot stand in a list of policies, such as a route with a space in it, is in none.
    """
    requests, seconds = sum(each.requests for each in routes), sum(each.seconds for each in routes)
    used = [
        each
        for each in routes
        if each.requests > 0
        and _can_be_listed(each)
        and (each.requests >= LEAST_SHARE * requests or (seconds > 0 and each.seconds >= LEAST_SHARE * seconds))
    ]
    used.sort(key=lambda each: (-each.mean, each.route, each.method))
    parts: list[list[RouteUse]] = []
    for each in used:
        # What is cheaper than all that there may be groups for is in the last one.
        if parts and (each.mean * COST_FACTOR >= parts[-1][0].mean or len(parts) == MOST_POLICIES):
            parts[-1].append(each)
        else:
            parts.append([each])
    names: list[str] = []
    for part in parts:
        names.append(_name(part, names))
    return [
        Group(Policy(name, tuple(Endpoint(each.method, each.route) for each in part)), tuple(part))
        for name, part in zip(names, parts, strict=True)
    ]


def _can_be_listed(use: RouteUse) -> bool:
    try:
        return parse_endpoint(f"{use.method} {use.route}") == (use.method, use.route)
    except ValueError:
        return False


def _name(part: Sequence[RouteUse], taken: Sequence[str]) -> str:
    """After the route with the most of the server's time: the last word of it that is no parameter."""
    most = max(part, key=lambda each: each.seconds)
    words = re.findall(r"[a-z0-9][a-z0-9_-]*", re.sub(r"\{[^{}]*\}|<[^<>]*>", "", most.route).lower())
    name = words[-1][:LONGEST_POLICY_NAME] if words else "root"
    number = 2
    while name in taken or POLICY_NAME.fullmatch(name) is None:
        suffix = f"-{number}"
        name = (words[-1] if words else "root")[: LONGEST_POLICY_NAME - len(suffix)] + suffix
        number += 1
    return name
