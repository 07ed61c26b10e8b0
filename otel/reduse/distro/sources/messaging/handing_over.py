"""Work that was done in another thread than the one of the connection, which alone may settle a message.

The worker hands the settlement over with `add_callback_threadsafe`: at that moment its work has ended, and what it
works on next began no earlier. So a message that waited for its worker was not processed while it waited.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from reduse.distro.base.tracebacks import theirs


class _Here(threading.local):
    """One thread: itself as a worker, and on whose behalf it settles messages just now."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.on_behalf_of: _HandedOver | None = None


class Worker:
    """What settles one message after another, and when it last did."""

    __slots__ = ("settled_at",)

    def __init__(self) -> None:
        self.settled_at = 0.0


class _HandedOver:
    """Who handed a callback over, and when."""

    __slots__ = ("at", "worker")

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.at = perf_counter()


_here = _Here()


def measured_hand_over(original: Callable[..., Any]) -> Callable[..., Any]:
    """`add_callback_threadsafe` of a connection or of an event loop."""

    @functools.wraps(original)
    def add_callback_threadsafe(owner: Any, callback: Any) -> Any:
        if not callable(callback):
            # pika refuses it, in its own words.
            return original(owner, callback)
        handed_over = _HandedOver(_here.worker)

        @functools.wraps(callback, updated=())
        def run() -> Any:
            before, _here.on_behalf_of = _here.on_behalf_of, handed_over
            try:
                return callback()
            except BaseException as error:
                error.__traceback__ = theirs(error)
                raise
            finally:
                _here.on_behalf_of = before

        return original(owner, run)

    return add_callback_threadsafe


@contextmanager
def on_behalf_of(worker: Worker) -> Iterator[None]:
    """What is settled in this context was worked on until now, by this worker."""
    before, _here.on_behalf_of = _here.on_behalf_of, _HandedOver(worker)
    try:
        yield
    finally:
        _here.on_behalf_of = before


def worked_since(delivered: float) -> float:
    """How long the message that is being settled, delivered at this time of `perf_counter`, was worked on; seconds."""
    handed_over = _here.on_behalf_of
    if handed_over is None:
        return perf_counter() - delivered
    return max(0.0, handed_over.at - max(delivered, handed_over.worker.settled_at))


def settled() -> None:
    """The messages of one settlement have ended; what their worker settles next began no earlier."""
    handed_over = _here.on_behalf_of
    if handed_over is not None:
        handed_over.worker.settled_at = handed_over.at
