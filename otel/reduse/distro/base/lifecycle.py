"""The life of a process, as whoever measures in it takes part: idle, active, serving, flushed, forked."""

from collections.abc import Callable
from typing import Protocol


class Lifecycle(Protocol):
    """Tells when a process starts, forks and ends; is told when it works.

    A process is idle until it serves, sends, consumes or queries something: a supervisor, which only starts workers,
    must not be reported as an instance.
    """

    def activate(self) -> None:
        """Something worth measuring happens; later calls do nothing."""

    def serve(self) -> None:
        """A server starts in this process; it may be called again later."""

    def lifespan_ended(self) -> None:
        """A server's application has ended, and maybe the process next: send everything. Blocks, for a bounded time."""

    def flush(self) -> None:
        """Send everything, or give up after a bounded time. Blocks."""

    def on_serving(self, start: Callable[[], None]) -> None:
        """Have `start` called before the process serves its first request; it may be called again later."""

    def on_activation(self, start: Callable[[], object]) -> None:
        """Have `start` called when the process becomes active; again in a forked child that does."""

    def on_fork(self, restart: Callable[[], None]) -> None:
        """Have `restart` called in a forked child, after all sources were reset."""

    def on_flush(self, force_flush: Callable[[], object]) -> None:
        """Have `force_flush` called to send what a provider holds."""
