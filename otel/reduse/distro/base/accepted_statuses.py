"""Statuses that show that an application believed who a request says it is from."""

import re
from collections.abc import Iterable

from reduse.distro.base.errors import ConfigurationError

SETTING = "REDUSE_USER_ACCEPTED_STATUSES"

# What an application answers about the thing that was asked for, once it has let the request in. All others are given
# for refused credentials as well (401, 403, 407, a redirect to a login), or before anybody looks at any (400, 405, 422,
# 429), or when what looks at them is broken (5xx).
DEFAULT_ACCEPTED_STATUSES = ("2xx", "304", "404", "409", "410", "412")

_STATUS = re.compile(r"([2-5])(xx|[0-9]{2})", re.IGNORECASE)


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
