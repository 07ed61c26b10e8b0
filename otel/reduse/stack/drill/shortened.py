"""Rules with shorter windows, so that a drill does not take an hour."""

import re

from reduse import duration

SHORTEST = 20
"""Seconds of a shortened range: four samples of what is scraped every five seconds."""

OF_RARE_EXPORTS = 200
"""Seconds of the window for services that export each minute (`prometheus/rules/red.yaml`): a shorter one is empty."""

_RANGE = re.compile(r"\[(\d+)([smhd])\]")
_OFFSET = re.compile(r"(\boffset )(\d+)([smhd])\b")
_WAIT = re.compile(r"^(\s*(?:for|keep_firing_for): )(\d+)([smhd])$", re.MULTILINE)
_INTERVAL = re.compile(r"^(\s*interval: )(\d+)([smhd])$", re.MULTILINE)


def shortened(rules: str, speed: float) -> str:
    """The text of a rule file in which ranges and offsets of a minute and more, and waits, are `speed` times as short.

    Ranges below a minute stay: they say how old a sample may be. So do those that are as long as they are because a
    service exports rarely. Names of recorded series stay as they are.
    """
    rules = _RANGE.sub(lambda found: f"[{_range(_seconds(found[1], found[2]), speed)}s]", rules)
    rules = _OFFSET.sub(lambda found: f"{found[1]}{_range(_seconds(found[2], found[3]), speed)}s", rules)
    rules = _WAIT.sub(lambda found: f"{found[1]}{max(1, round(_seconds(found[2], found[3]) / speed))}s", rules)
    return _INTERVAL.sub(lambda found: f"{found[1]}{max(1, round(_seconds(found[2], found[3]) / speed))}s", rules)


def _range(seconds: int, speed: float) -> int:
    return seconds if seconds < 60 or seconds == OF_RARE_EXPORTS else max(SHORTEST, round(seconds / speed))


def _seconds(number: str, unit: str) -> int:
    return int(number) * int(duration.SECONDS[unit])
