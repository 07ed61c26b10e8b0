"""Work that was done in another thread than the one of the connection, which alone may settle a message.

The worker hands the settlement over with `add_callback_threadsafe`: at that moment its work has ended, and what it
works on next began no earlier. So a message that waited for its worker was not processed while it waited.
"""

import functools
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any


class _Worker(threading.local):
    """One thread: when it last ended a message, and on whose behalf it runs a callback just now."""

    def __init__(self) -> None:
        self.last = _LastEnd()
        self.on_behalf_of: _HandedOver | None = None


class _LastEnd:
    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = 0.0


class _HandedOver:
    """Who handed a callback over, and when."""

    __slots__ = ("at", "worker")

    def __init__(self, worker: _LastEnd) -> None:
        self.worker = worker
        self.at = perf_counter()


_here = _Worker()


def measured_hand_over(original: Callable[..., Any]) -> Callable[..., Any]:
    """`add_callback_threadsafe` of a connection or of an event loop."""

    @functools.wraps(original)
    def add_callback_threadsafe(owner: Any, callback: Any) -> Any:
        if not callable(callback):
            # pika refuses it, in its own words.
            return original(owner, callback)
        handed_over = _HandedOver(_here.last)

        @functools.wraps(callback, updated=())
        def run() -> Any:
            before, _here.on_behalf_of = _here.on_behalf_of, handed_over
            try:
                return callback()
            finally:
                _here.on_behalf_of = before

        return original(owner, run)

    return add_callback_threadsafe


def worked_since(delivered: float) -> float:
    """How long the message that is being settled, delivered at this time of `perf_counter`, was worked on; seconds."""
    handed_over = _here.on_behalf_of
    if handed_over is None:
        return perf_counter() - delivered
    return max(0.0, handed_over.at - max(delivered, handed_over.worker.at))


def settled() -> None:
    """The messages of one settlement have ended; what their worker settles next began no earlier."""
    handed_over = _here.on_behalf_of
    if handed_over is not None:
        handed_over.worker.at = handed_over.at
