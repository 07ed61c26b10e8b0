"""Waiting for what a test has set going."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
"""A bound on failure only, so that it is far above what the busiest machine needs."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return when the condition holds; TimeoutError, naming what was waited for, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen in {seconds:.0f} s")
        time.sleep(0.05)
