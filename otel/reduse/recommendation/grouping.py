"""Which routes of a service are put under one policy: those whose users send about as much, at about the same cost.

Both are known only after the routes were counted apart. RED knows the requests of a route and how long they took, but
not who sent them. So there are two steps: first each of the routes that matter gets a policy of its own; then policies
that are alike become one, and a route that is unlike the others of its policy gets its own.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from reduse.limit import PolicyLimit
from reduse.policies import ANY_METHOD, Endpoint, Policy, parse_endpoint, policy_of
from reduse.wire import LONGEST_POLICY_NAME, MOST_POLICIES, POLICY_NAME

COST_FACTOR = 3.0
"""Requests cost about the same if the dearest take at most so many times as long as the cheapest, on average."""

RATE_FACTOR = 2.0
"""Users send about as much if the highest of the lowest mild limits is at most so many times the lowest."""

LEAST_SHARE = 0.01
"""A route with less of the requests and less of the server's time has no policy of its own."""

REST = "rest"
_ALL = Endpoint(ANY_METHOD, "*")


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

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


class Group(NamedTuple):
    """A policy that is proposed, the use of its routes, the dearest first, and the limit that is known for it."""

    policy: Policy
    routes: tuple[RouteUse, ...]
    limit: PolicyLimit | None = None

    @property
    def requests(self) -> float:
        """In all."""
        return sum(each.requests for each in self.routes)

    @property
    def seconds(self) -> float:
        """In all."""
        return sum(each.seconds for each in self.routes)

    @property
    def mean(self) -> float | None:
        """Seconds of a request; None without requests."""
        return self.seconds / self.requests if self.requests else None


class Split(NamedTuple):
    """A route that costs more or less than the others of its policy; "" is under none. `others`: their seconds of a
    request, None where it is the only one."""

    policy: str
    route: RouteUse
    others: float | None


class Regrouped(NamedTuple):
    """Policies that could be one, by name; routes that should have a policy of their own; and what follows."""

    alike: tuple[tuple[str, ...], ...]
    split: tuple[Split, ...]
    groups: tuple[Group, ...]


def by_route(routes: Sequence[RouteUse]) -> list[Group]:
    """At most MOST_POLICIES groups: the routes with the most requests or the most of the server's time, one in each,
    the dearest first; and, where that is not all, one for the rest, which comes last.

    What cannot stand in a list of policies, such as a route with a space in it, is in the rest.
    """
    used = [each for each in routes if each.requests > 0]
    matter = _that_matter(used, used)
    if len(matter) < len(used) or len(used) > MOST_POLICIES:
        matter = matter[: MOST_POLICIES - 1]
    names: list[str] = [REST]
    groups = []
    for each in _dearest(matter):
        names.append(_name(each, names))
        groups.append(Group(Policy(names[-1], (_endpoint(each),)), (each,)))
    # What has a pattern in it would take the requests of those behind it.
    groups.sort(key=lambda group: "*" in group.policy.endpoints[0].route)
    rest = [each for each in used if each not in matter]
    if rest:
        groups.append(Group(Policy(REST, (_ALL,)), tuple(_dearest(rest))))
    return groups


def regrouped(
    policies: Sequence[Policy], limits: Mapping[str, PolicyLimit | None], routes: Sequence[RouteUse]
) -> Regrouped:
    """What follows from policies that were counted: `limits` has the lowest mild limit of each, None where none is."""
    find = policy_of(policies)
    own: dict[str, list[RouteUse]] = {"": [], **{policy.name: [] for policy in policies}}
    for each in routes:
        if each.requests > 0:
            own[find(each.method, each.route) or ""].append(each)
    split = [
        found
        for name, of_policy in own.items()
        for found in _unlike(name, of_policy, routes)
        if name != "" or _ALL not in (endpoint for policy in policies for endpoint in policy.endpoints)
    ]
    groups = [Group(policy, tuple(_dearest(own[policy.name])), limits.get(policy.name)) for policy in policies]
    alike = _alike(groups)
    merged = _merged(groups, alike)
    # The most requests or server time first, as far as there may be policies.
    split.sort(key=lambda each: -_share(each.route, routes))
    split = split[: max(0, MOST_POLICIES - len(merged))]
    return Regrouped(tuple(alike), tuple(split), tuple(_with_split(merged, split)))


def _that_matter(routes: Sequence[RouteUse], of_all: Sequence[RouteUse]) -> list[RouteUse]:
    """Those with the largest share first."""
    listed = [each for each in routes if each.requests > 0 and _can_be_listed(each)]
    return sorted(
        (each for each in listed if _share(each, of_all) >= LEAST_SHARE),
        key=lambda each: (-_share(each, of_all), each.route, each.method),
    )


def _share(use: RouteUse, of_all: Sequence[RouteUse]) -> float:
    """Of the requests or of the server's time, whichever is larger."""
    requests, seconds = sum(each.requests for each in of_all), sum(each.seconds for each in of_all)
    return max(use.requests / requests if requests else 0.0, use.seconds / seconds if seconds else 0.0)


def _unlike(name: str, routes: Sequence[RouteUse], of_all: Sequence[RouteUse]) -> list[Split]:
    """Routes of a policy whose cost is another one than that of its other routes; of no policy all that matter."""
    matter = _that_matter(routes, of_all)
    if not name:
        return [Split(name, each, None) for each in matter]
    if len(routes) < 2:
        return []
    # What most requests cost is what the policy is about: those routes stay.
    usual = _median(routes)
    found = []
    for each in matter:
        others = [other for other in routes if other is not each]
        mean = sum(other.seconds for other in others) / sum(other.requests for other in others)
        if not _within(COST_FACTOR, (each.mean, usual)):
            found.append(Split(name, each, mean))
    return found


def _median(routes: Sequence[RouteUse]) -> float:
    """Of the costs of all requests, each taken as its route's mean."""
    half, dearest = sum(each.requests for each in routes) / 2, _dearest(routes)
    for each in dearest:
        half -= each.requests
        if half <= 0:
            return each.mean
    return dearest[-1].mean


def _alike(groups: Sequence[Group]) -> list[tuple[str, ...]]:
    """Policies whose users are alike in rate and cost; what is not known of a policy is like nothing."""
    parts: list[list[tuple[Group, float, float]]] = []
    for group in groups:
        if group.limit is None or group.mean is None:
            continue
        one = (group, group.limit.limit.per_second, group.mean)
        for part in parts:
            if _within(RATE_FACTOR, [rate for _, rate, _ in (*part, one)]) and _within(
                COST_FACTOR, [mean for _, _, mean in (*part, one)]
            ):
                part.append(one)
                break
        else:
            parts.append([one])
    return [tuple(group.policy.name for group, _, _ in part) for part in parts if len(part) > 1]


def _within(factor: float, numbers: Collection[float]) -> bool:
    return max(numbers) <= factor * min(numbers)


def _merged(groups: Sequence[Group], alike: Sequence[tuple[str, ...]]) -> list[Group]:
    """A group that takes others in has the name of the one with most of the server's time, and stands where the last
    of them stood: a policy for all routes is the last. Its own limit is not known."""
    of_group = {name: names for names in alike for name in names}
    by_name = {group.policy.name: group for group in groups}
    found = []
    for group in groups:
        names = of_group.get(group.policy.name)
        if names is None:
            found.append(group)
        elif group.policy.name == names[-1]:
            members = [by_name[name] for name in names]
            name = max(members, key=lambda each: each.seconds).policy.name
            endpoints = tuple(endpoint for each in members for endpoint in each.policy.endpoints)
            routes = tuple(_dearest([use for each in members for use in each.routes]))
            found.append(Group(Policy(name, endpoints), routes))
    return found


def _with_split(groups: Sequence[Group], split: Sequence[Split]) -> list[Group]:
    """Those that are split off come first, so that they are met first."""
    gone = [each.route for each in split]
    names = [group.policy.name for group in groups]
    own = []
    for use in _dearest(gone):
        names.append(_name(use, names))
        own.append(Group(Policy(names[-1], (_endpoint(use),)), (use,)))
    left = []
    for group in groups:
        routes = tuple(use for use in group.routes if use not in gone)
        endpoints = tuple(each for each in group.policy.endpoints if each not in map(_endpoint, gone))
        changed = len(routes) < len(group.routes)
        if endpoints:
            left.append(Group(Policy(group.policy.name, endpoints), routes, None if changed else group.limit))
    return [*own, *left]


def _dearest(routes: Sequence[RouteUse]) -> list[RouteUse]:
    return sorted(routes, key=lambda each: (-each.mean, each.route, each.method))


def _endpoint(use: RouteUse) -> Endpoint:
    return Endpoint(use.method, use.route)


def _can_be_listed(use: RouteUse) -> bool:
    try:
        return parse_endpoint(f"{use.method} {use.route}") == (use.method, use.route)
    except ValueError:
        return False


def _name(use: RouteUse, taken: Sequence[str]) -> str:
    """The last word of the route that is no parameter."""
    words = re.findall(r"[a-z0-9][a-z0-9_-]*", re.sub(r"\{[^{}]*\}|<[^<>]*>", "", use.route).lower())
    word = words[-1] if words else "root"
    name, number = word[:LONGEST_POLICY_NAME], 2
    while name in taken or POLICY_NAME.fullmatch(name) is None:
        suffix = f"-{number}"
        name = word[: LONGEST_POLICY_NAME - len(suffix)] + suffix
        number += 1
    return name
