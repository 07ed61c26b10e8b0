"""Durations as Prometheus writes them, such as 500ms, 90s or 15d: a number and one unit.

https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations
"""

import re
from collections.abc import Collection

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
"""Of each unit."""

_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*(ms|[smhdwy])", re.ASCII)
_WRITTEN_IN = ("d", "h", "m", "s")


def parse(text: str, units: Collection[str] = SECONDS) -> float | None:
    """In seconds; None for what is no duration, or has another unit than these."""
    found = _DURATION.fullmatch(text.strip())
    # Rounded: 0.3 has no exact float, and is compared with bounds of a histogram.
    return round(float(found[1]) * SECONDS[found[2]], 9) if found and found[2] in units else None


def text(seconds: float) -> str:
    """In the largest unit of which it is a whole number: 3600 is `1h`; below a second in milliseconds."""
    for unit in _WRITTEN_IN:
        if seconds >= SECONDS[unit] and seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:.15g}{unit}"
    return f"{seconds:.12g}s" if seconds >= 1 else f"{seconds * 1_000:.9g}ms"
