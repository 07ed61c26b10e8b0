"""What requests of a user are told apart by: the policy that they were under, and whether they were throttled."""

from __future__ import annotations

from typing import NamedTuple


class RequestClass(NamedTuple):
    """`policy`: its name, or "" for none. `throttled`: the service answered 429."""

    policy: str = ""
    throttled: bool = False


# What nearly all requests are.
PLAIN = RequestClass()
