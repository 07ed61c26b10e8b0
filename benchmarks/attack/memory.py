"""The resident memory of each part of a running stack, as long as it is watched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reduse.soak.watching import memory
from reduse.stack.supervision import Supervisor

SAMPLE_SECONDS = 0.5


@contextmanager
def highest(supervisor: Supervisor) -> Iterator[dict[str, int]]:
    """Bytes that each part has had at most since the block began; complete when it has ended."""
    most = resident(supervisor)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            for part, size in resident(supervisor).items():
                most[part] = max(most.get(part, 0), size)

    watching = threading.Thread(target=watch, name="memory")
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()


def resident(supervisor: Supervisor) -> dict[str, int]:
    """Bytes of each part."""
    return {part: size for part, (_, size) in memory(supervisor).items()}
