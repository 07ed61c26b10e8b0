"""What a broker is asked until it answers: what was made a moment ago may have no leader yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

# For one attempt: whoever is told to stop meanwhile waits for no more than that.
ASK_SECONDS = 1.0
_AGAIN_SECONDS = 0.2
# No broker has said anything: errors of the library's own, of which it calls none retriable.
_NO_ANSWER = {
    *(KafkaError._TIMED_OUT, KafkaError._WAIT_COORD),  # noqa: SLF001 - so they are named
    *(KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN),  # noqa: SLF001
}
_Answer = TypeVar("_Answer")


def answer(
    ask: Callable[[], _Answer], seconds: float, may_pass: Callable[[KafkaError], bool] = KafkaError.retriable
) -> _Answer:
    """The answer, asked for again for so long while the error is one that may pass. Raises KafkaException and whatever
    else `ask` does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KafkaException as error:
            if not may_pass(error.args[0]) or time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_SECONDS)


def unless_stopped(stop: Event) -> Callable[[KafkaError], bool]:
    """What may pass for who asks until told to stop, in attempts of ASK_SECONDS."""
    return lambda error: not stop.is_set() and (error.retriable() or error.code() in _NO_ANSWER)
