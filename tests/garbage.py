"""Tests of what is left to the garbage collector: nobody whom we measure may need it because of us."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    """Objects that refer to each other stay, as in a service that has switched the collector off."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
