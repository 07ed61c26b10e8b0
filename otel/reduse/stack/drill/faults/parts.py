"""A part of the stack is away."""

from collections.abc import Iterator
from contextlib import contextmanager

from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor


@contextmanager
def part_stopped(_: Installation, supervisor: Supervisor, part: str) -> Iterator[None]:
    """It is stopped, and started again at the end."""
    supervisor.stop_part(part)
    try:
        yield
    finally:
        supervisor.start_part(part)
