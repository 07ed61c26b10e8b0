"""Rate limits to be tried out."""

from __future__ import annotations

from typing import NamedTuple


class Ladder(NamedTuple):
    """Limits in requests a second, whose buckets hold as much as flows in during `burst_seconds`."""

    limits: tuple[float, ...]
    burst_seconds: float


DEFAULT_BURST_SECONDS = 2.0
DEFAULT_LADDER = Ladder((1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), DEFAULT_BURST_SECONDS)
# In all ladders together: each costs the processor memory and time.
LIMITS_LIMIT = 32
_EXAMPLE = "like 1,2,5,10 or 1,2,5@2;10,100@30"


def parse_ladders(text: str, burst_seconds: float) -> tuple[Ladder, ...]:
    """Read `LIMIT,LIMIT…@BURST;…`; a ladder that names no burst, in seconds, has `burst_seconds`.

    Raises ValueError saying what is wrong, with an example.
    """
    ladders = tuple(_parse_ladder(part, burst_seconds) for part in text.split(";"))
    rungs = [(limit, ladder.burst_seconds) for ladder in ladders for limit in ladder.limits]
    for limit, burst in rungs:
        if rungs.count((limit, burst)) > 1:
            raise ValueError(f"limit {limit:g} with a burst of {burst:g} s is there twice, name it once")
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
        raise ValueError(f"{text.strip()!r} is not a number, write limits {_EXAMPLE}") from None
    if not 0 < number <= most:
        raise ValueError(f"{what} must be more than 0 and at most {most:g}, not {number:g}")
    return number
