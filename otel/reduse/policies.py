"""Policies of a service: named groups of its methods and routes, so that a limit can be for some of its requests.

Written as services read them, `price=POST /partner/price,GET /partner/quote/*;jobs=* /partner/jobs*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from reduse.wire import MOST_POLICIES, POLICY_NAME

ANY_METHOD = "*"

# The policy that a request of a method and a route's template is under; None is none of them.
PolicyOf = Callable[[str, str | None], str | None]

_METHOD = re.compile(r"[A-Z][A-Z-]*|\*")
_EXAMPLE = "price=POST /partner/price,GET /partner/quote/*;jobs=* /partner/jobs*"
_OPENING, _CLOSING = "{<(", "}>)"


class Endpoint(NamedTuple):
    """A method, `*` for any, and a route as `http.route` has it, in which `*` is any characters."""

    method: str
    route: str

    def __str__(self) -> str:
        return f"{self.method} {self.route}"

    def matches(self, method: str, route: str) -> bool:
        """Whether a request of this method, which this route took, is meant."""
        return self.method in (ANY_METHOD, method) and _pattern(self.route).fullmatch(route) is not None


class Policy(NamedTuple):
    """A name, and what is under it."""

    name: str
    endpoints: tuple[Endpoint, ...]

    def __str__(self) -> str:
        return f"{self.name}={','.join(map(str, self.endpoints))}"


def policy_of(policies: Sequence[Policy]) -> PolicyOf:
    """The first policy that a request is under. One that no route took, or another one, is under none."""

    def find(method: str, route: str | None) -> str | None:
        if route is None:
            return None
        for policy in policies:
            if any(endpoint.matches(method, route) for endpoint in policy.endpoints):
                return policy.name
        return None

    return find


def parse_endpoint(text: str) -> Endpoint:
    """Read `POST /partner/price`.

    Raises ValueError that says what is wrong, with an example.
    """
    method, _, route = text.strip().partition(" ")
    method, route = method.upper(), route.strip()
    if _METHOD.fullmatch(method) is None or not route.startswith(("/", "*")) or any(map(str.isspace, route)):
        raise ValueError(f"{text.strip()!r} is no method and route, write it like 'POST /partner/price' or '* /jobs*'")
    if set(_outside_of_brackets(route)) & set(",;"):
        raise ValueError(f"{route!r} has a comma or semicolon outside of brackets, which no route has: list them apart")
    return Endpoint(method, route)


def parse_policy_name(text: str) -> str:
    """Read the name of a policy.

    Raises ValueError that says what is wrong.
    """
    if POLICY_NAME.fullmatch(text) is None:
        raise ValueError(
            f"{text!r} is no name of a policy: use 1 to 32 of a-z, 0-9, _ and -, and begin with a letter or digit"
        )
    return text


def parse_policies(text: str) -> tuple[Policy, ...]:
    """Read the policies of a service; nothing at all is none.

    Raises ValueError that says what is wrong, with an example.
    """
    policies: list[Policy] = []
    for part in _split(text, ";"):
        name, equals, endpoints = part.partition("=")
        if not equals or not endpoints.strip():
            raise ValueError(f"{part!r} is no policy, write a name and what is under it, like {_EXAMPLE}")
        policies.append(
            Policy(parse_policy_name(name.strip()), tuple(map(parse_endpoint, _split(endpoints, ",")))),
        )
    names = [policy.name for policy in policies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the policy {twice[0]!r} is there twice: put its routes into one")
    if len(policies) > MOST_POLICIES:
        raise ValueError(f"{len(policies)} policies are too many: a service has at most {MOST_POLICIES}")
    return tuple(policies)


def written(policies: Iterable[Policy]) -> str:
    """What `parse_policies` reads."""
    return ";".join(map(str, policies))


def _pattern(route: str) -> re.Pattern[str]:
    # `re` keeps the last few hundred of its patterns.
    return re.compile(".*".join(map(re.escape, route.split("*"))), re.DOTALL)


def _outside_of_brackets(text: str) -> Iterator[str]:
    """The characters of a text, those within brackets as spaces: `/<int(min=1,max=5):id>` is one route."""
    depth = 0
    for character in text:
        depth += character in _OPENING
        yield " " if depth else character
        depth = max(0, depth - (character in _CLOSING))


def _split(text: str, separator: str) -> list[str]:
    """What stands between separators outside of brackets, without what is empty."""
    marked = "".join(_outside_of_brackets(text))
    parts, begin = [], 0
    for end in [*(place for place, each in enumerate(marked) if each == separator), len(text)]:
        parts.append(text[begin:end].strip())
        begin = end + 1
    return [part for part in parts if part]
