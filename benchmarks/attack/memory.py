"""The resident memory of each part of a running stack, as long as it is watched."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

SAMPLE_SECONDS = 0.5


def resident(pids: Mapping[str, int]) -> dict[str, int]:
    """Bytes of each part, with those of its children."""
    found = {}
    for part, pid in pids.items():
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            found[part] = sum(each.memory_info().rss for each in family)
        except psutil.Error:
            continue
    return found


@contextmanager
def highest(pids: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """The most that each part has had since the block began; complete when it has ended."""
    most, ended = resident(pids), threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            for part, size in resident(pids).items():
                most[part] = max(most.get(part, 0), size)

    watching = threading.Thread(target=watch, name="memory")
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()
