"""Connections that the console refused, counted by reason: its page /metrics, which anybody may read."""

import logging
import time
from collections import Counter

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reduse.http_connection import Refusal

NAME = "reduse_console_connections_refused_total"
PATH = "/metrics"
# Of lines in the log about the same reason.
LOG_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Refusals:
    """Lives in one event loop."""

    def __init__(self) -> None:
        self._counts: Counter[Refusal] = Counter()
        self._told: dict[Refusal, float] = {}

    def __call__(self, refusal: Refusal, message: str) -> None:
        self._counts[refusal] += 1
        now = time.monotonic()
        if now - self._told.get(refusal, -LOG_SECONDS) >= LOG_SECONDS:
            self._told[refusal] = now
            _log.warning("refused connections: %s (%d so far)", message, self._counts[refusal])

    async def page(self, _request: Request) -> Response:
        """In Prometheus' text format."""
        lines = [
            f"# HELP {NAME} Connections that were closed at a limit, or were no HTTP.",
            f"# TYPE {NAME} counter",
            *(f'{NAME}{{reason="{each.value}"}} {self._counts[each]}' for each in Refusal),
        ]
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")
