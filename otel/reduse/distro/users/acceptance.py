"""Users are who was let in: when what a request says of its sender counts."""

import re
from collections.abc import Iterable

from reduse.distro.errors import ConfigurationError

SETTING = "REDUSE_USER_ACCEPTED_STATUSES"

# What an application answers about the thing that was asked for, once it has let the request in. All others are given
# for refused credentials as well (401, 403, 407, a redirect to a login), or before anybody looks at any (400, 405, 422,
# 429), or when what looks at them is broken (5xx).
DEFAULT_ACCEPTED_STATUSES = ("2xx", "304", "404", "409", "410", "412")

_STATUS = re.compile(r"([2-5])(xx|[0-9]{2})", re.IGNORECASE)


def counts(
    *,
    verified: bool,
    method: str | None,
    status: int | None,
    matched: bool,
    mounted: bool,
    public: bool,
    accepted: frozenset[int],
) -> bool:
    """Whether a request counts for the user whom a resolver names.

    Args:
        verified: the resolver does not take the request's own word. Otherwise the name is a claim.
        method: of the request. A preflight (OPTIONS) carries no credentials.
        status: of the answer; None when there was none.
        matched: a route or a mount took the request. Where none did, nobody looked at credentials.
        mounted: what took it is a mount, and no route within it: it says less, so that only a success counts.
        public: the setting says that the route checks no credentials.
        accepted: statuses that show that a claim was believed by the application.
    """
    if verified:
        return True
    if public or not matched or method == "OPTIONS" or status not in accepted:
        return False
    return not mounted or 200 <= status < 300


def accepted_statuses(texts: Iterable[str]) -> frozenset[int]:
    """The statuses of a list such as `2xx`, `304`.

    Raises:
        ConfigurationError: one is no final status.
    """
    statuses: set[int] = set()
    for text in texts:
        found = _STATUS.fullmatch(text)
        if found is None:
            raise ConfigurationError(f"{SETTING}: {text!r} is not a status from 200 to 599: use e.g. 2xx,304,404")
        first = int(found[1]) * 100
        statuses |= set(range(first, first + 100)) if found[2].lower() == "xx" else {int(text)}
    return frozenset(statuses)


ACCEPTED_STATUSES = accepted_statuses(DEFAULT_ACCEPTED_STATUSES)
