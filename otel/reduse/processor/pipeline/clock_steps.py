"""Whether the wall clock was set, which is told from the passing of time by the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable

from reduse.processor.core.units import NANOSECONDS

# What NTP slews in the time between two questions is far less.
LEAST = NANOSECONDS


class ClockSteps:
    def __init__(
        self, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Both in ns."""
        self._wall, self._monotonic = wall, monotonic
        self._apart = wall() - monotonic()

    def __call__(self) -> int:
        """By how many ns it was set since this was asked last; below 0: back. A machine that slept wakes to a step."""
        before, self._apart = self._apart, self._wall() - self._monotonic()
        step = self._apart - before
        return step if abs(step) >= LEAST else 0
