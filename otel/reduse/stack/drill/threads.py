"""What a fault does again and again, in threads of its own, for as long as it is made."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(work: Callable[[threading.Event], None], threads: int = 1) -> Iterator[None]:
    """Until the block ends, and no longer: `work` returns soon after the event that it is given is set."""
    ending = threading.Event()
    workers = [threading.Thread(target=work, args=(ending,), daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        ending.set()
        for worker in workers:
            worker.join()
