"""What the bodies of requests hold together, which is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# Memory for bodies: so many of the largest. Beyond it a sender is asked to come again.
LARGEST_BODIES = 4


class CrowdedError(Exception):
    """The bodies held at the moment take as much memory as they may."""


class Memory:
    """Bytes that bodies hold. `limit`: of one; `total`: of all."""

    def __init__(self, limit: int, total: int) -> None:
        self.limit = limit
        self._total = total
        self._held = 0

    def take(self, size: int) -> None:
        """Raises CrowdedError, and then nothing was taken."""
        if self._held + size > self._total:
            raise CrowdedError
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Until the block ends. Raises CrowdedError."""
        self.take(size)
        try:
            yield
        finally:
            self.give_back(size)
