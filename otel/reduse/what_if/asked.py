"""What was asked in words, as limiters: `60/minute`, a burst, costs such as `price=5`."""

import math
from collections.abc import Sequence

from reduse.limit import Limit, Period, default_burst, parse_limit, parse_period
from reduse.recommendation.errors import ChoiceError
from reduse.what_if.limiter import Kind, Limiter

MOST_LIMITS = 32
MOST_COST = 1_000_000.0


def limiters(limits: Sequence[str], per: str | None, burst: float | None, kind: Kind, instances: int) -> list[Limiter]:
    """A limiter for each limit; `per` is the period of those that name none, `burst` in requests that of all of them.

    Raises ChoiceError that names the option and the cure.
    """
    if not limits:
        raise ChoiceError("name at least one limit: --limit 60/minute, or --limit 7.5 --per minute.")
    if len(limits) > MOST_LIMITS:
        raise ChoiceError(f"--limit: at most {MOST_LIMITS} in one pass, not {len(limits)}.")
    if burst is not None and kind is Kind.FIXED_WINDOW:
        raise ChoiceError("--burst: a fixed window has none. It lets the limit's requests through at once.")
    if burst is not None and not (math.isfinite(burst) and burst >= 1):
        raise ChoiceError(f"--burst {burst:g}: must be at least 1 request.")
    try:
        period = Period.SECOND if per is None else parse_period(per)
    except ValueError as error:
        raise ChoiceError(f"--per: {error}.") from None
    found = [_limit(text, period) for text in limits]
    for limit in found:
        if kind is Kind.FIXED_WINDOW and limit.requests < 1:
            raise ChoiceError(f"--limit {limit}: a fixed window counts whole requests; name a longer period.")
    return [Limiter(limit, default_burst(limit) if burst is None else burst, kind, instances) for limit in found]


def costs(given: Sequence[str]) -> dict[str, float]:
    """By policy. Raises ChoiceError."""
    found: dict[str, float] = {}
    for text in given:
        policy, equals, number = text.partition("=")
        try:
            cost = float(number)
        except ValueError:
            equals = ""
        if not equals or not 0 < cost <= MOST_COST:
            raise ChoiceError(f"--cost {text}: write a policy and a number above 0, like price=5.")
        found[policy] = cost
    return found


def _limit(text: str, period: Period) -> Limit:
    try:
        limit = parse_limit(text)
    except ValueError as error:
        raise ChoiceError(f"--limit: {error}.") from None
    return limit if "/" in text else Limit(limit.requests, period)
