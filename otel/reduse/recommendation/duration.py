"""Durations, as Prometheus writes them."""

import re

from reduse.recommendation.errors import ChoiceError

SHORTEST = 60
# A week of a ladder of ten limits is six million samples.
LONGEST = 7 * 86_400

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,7})([smhd])")


def seconds(text: str) -> int:
    """`90s`, `15m`, `6h` or `2d` in seconds. Raises ChoiceError for another form, and outside of a minute to a week."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ChoiceError(f"--window {text}: must be a whole number and a unit, like 90s, 15m, 6h or 2d.")
    length = int(match[1]) * _UNITS[match[2]]
    if not SHORTEST <= length <= LONGEST:
        raise ChoiceError(f"--window {text}: must be from 1m to 7d.")
    return length


def text(length: int) -> str:
    """The shortest form of so many seconds: 3600 is `1h`."""
    unit, size = max(((u, s) for u, s in _UNITS.items() if length % s == 0), key=lambda pair: pair[1])
    return f"{length // size}{unit}"
