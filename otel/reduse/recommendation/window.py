"""How far back a question looks: `--window`."""

from reduse import duration
from reduse.recommendation.errors import ChoiceError

SHORTEST = 60
# A week of a ladder of ten limits is six million samples.
LONGEST = 7 * 86_400


def seconds(text: str) -> int:
    """`90s`, `15m`, `6h` or `2d` in seconds. Raises ChoiceError for another form, and outside of a minute to a week."""
    length = duration.parse(text, ("s", "m", "h", "d"))
    if length is None or not length.is_integer():
        raise ChoiceError(f"--window {text}: must be a number of whole seconds and its unit, like 90s, 15m, 6h or 2d.")
    if not SHORTEST <= length <= LONGEST:
        raise ChoiceError(f"--window {text}: must be from 1m to 7d.")
    return int(length)
