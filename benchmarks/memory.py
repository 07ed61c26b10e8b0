"""The most memory of processes, as long as they are watched."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

SAMPLE_SECONDS = 0.5


@contextmanager
def highest(resident: Callable[[], Mapping[str, int]]) -> Iterator[dict[str, int]]:
    """The most bytes that each name has had since the block began; complete when it has ended.

    `resident`: the bytes of each now, without those that are gone.
    """
    most = dict(resident())
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            for name, size in resident().items():
                most[name] = max(most.get(name, 0), size)

    watching = threading.Thread(target=watch, name="memory")
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()
