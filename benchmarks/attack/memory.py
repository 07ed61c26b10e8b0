"""The resident memory of each part of a running stack, as long as it is watched."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from reduse.soak.watching import memory
from reduse.stack.supervision import Supervisor

SAMPLE_SECONDS = 0.5


@contextmanager
def highest(supervisor: Supervisor, others: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Bytes that each part, and each of `others`, has had at most since the block began; complete when it has ended."""
    most = resident(supervisor, others)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            for part, size in resident(supervisor, others).items():
                most[part] = max(most.get(part, 0), size)

    watching = threading.Thread(target=watch, name="memory")
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()


def resident(supervisor: Supervisor, others: Mapping[str, int]) -> dict[str, int]:
    """Bytes of each part, and of the processes with these numbers."""
    found = {part: size for part, (_, size) in memory(supervisor).items()}
    for name, pid in others.items():
        with suppress(psutil.Error):
            found[name] = int(psutil.Process(pid).memory_info().rss)
    return found
