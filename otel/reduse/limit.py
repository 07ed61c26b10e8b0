"""A rate limit as people say it: so many requests in a second, a minute, an hour or a day. Written `60/minute`."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

# More is no limit, and sums of it would not be exact.
MOST_REQUESTS = 1e9


class Period(IntEnum):
    """What a limit counts over, in seconds."""

    SECOND = 1
    MINUTE = 60
    HOUR = 3600
    DAY = 86400

    @property
    def word(self) -> str:
        """As in `60/minute`."""
        return self.name.lower()


_WORDS = {
    **{period.word: period for period in Period},
    "s": Period.SECOND,
    "min": Period.MINUTE,
    "h": Period.HOUR,
    "d": Period.DAY,
}
_LIMIT = re.compile(r"([^/]+?)\s*(?:/\s*([a-z]+))?\Z")


class Limit(NamedTuple):
    """So many requests in a period, of each user."""

    requests: float
    period: Period

    @property
    def per_second(self) -> float:
        """In the long run."""
        return self.requests / self.period

    def __str__(self) -> str:
        return f"{self.requests:g}/{self.period.word}"


class PolicyLimit(NamedTuple):
    """A limit of the requests under a policy; `burst`: so many at once, at least one."""

    limit: Limit
    burst: float


DEFAULT_BURST_SECONDS = 2.0


def default_burst(limit: Limit, seconds: float = DEFAULT_BURST_SECONDS) -> float:
    """In requests: those of a whole period; of a limit by the second those of so many seconds."""
    return limit.requests * seconds if limit.period is Period.SECOND else limit.requests


def parse_period(text: str) -> Period:
    """Read `second`, `minute`, `hour` or `day`, or `s`, `min`, `h`, `d`.

    Raises ValueError that says what is wrong.
    """
    period = _WORDS.get(text.strip().lower())
    if period is None:
        raise ValueError(f"{text.strip()!r} is no period, write second, minute, hour or day")
    return period


def parse_limit(text: str) -> Limit:
    """Read `60/minute` or `7.5/s`; a number alone is by the second.

    Raises ValueError that says what is wrong, with an example.
    """
    found = _LIMIT.match(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no limit, write it like 60/minute")
    number, period = found.groups()
    try:
        requests = float(number)
    except ValueError:
        raise ValueError(f"{number!r} is not a number, write a limit like 60/minute") from None
    if not 0 < requests <= MOST_REQUESTS:
        raise ValueError(f"a limit must be more than 0 and at most {MOST_REQUESTS:g}, not {number}")
    return Limit(requests, Period.SECOND if period is None else parse_period(period))
