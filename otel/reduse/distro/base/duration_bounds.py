"""Bounds of the buckets of `http.server.request.duration`: the semantic conventions' ones, and those a service adds."""

from math import isfinite

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS

SETTING = "REDUSE_DURATION_BOUNDS"

# Each bound is one more series in Prometheus for every route, method and status of every instance.
MOST_ADDED = 16


def duration_bounds(text: str) -> tuple[float, ...]:
    """All bounds, ascending, in seconds; `text`: those to add, separated by commas, such as `0.3,2`.

    Raises:
        ConfigurationError: one is no number of seconds above 0, or there are too many.
    """
    added = {_seconds(part.strip()) for part in text.split(",") if part.strip()}.difference(DURATION_BOUNDS)
    if len(added) > MOST_ADDED:
        raise ConfigurationError(
            f"{SETTING} adds {len(added)} bounds: add at most {MOST_ADDED}, "
            "because each bound adds a series for every route"
        )
    return tuple(sorted(added.union(DURATION_BOUNDS)))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not (seconds > 0 and isfinite(seconds)):
        raise ConfigurationError(
            f"{SETTING}: {text!r} is not a number of seconds above 0: separate bounds by commas, as in 0.3,2"
        )
    return seconds
