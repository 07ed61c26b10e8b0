"""What a broker is asked until it answers: what was made a moment ago may have no leader yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

_AGAIN_SECONDS = 0.2
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
