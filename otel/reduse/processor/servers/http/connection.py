"""uvicorn's HTTP/1.1 connection with what it leaves open: how many there are, and how long a head may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from reduse.processor.pipeline.intake import Verdict

# The usual bound of HTTP servers, and far above what a sender of metrics needs.
HEAD_BYTES = 16 * 2**10

_TURNED_AWAY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(H11Protocol):
    """Beyond `limit` connections a new one is turned away; a head that takes longer than `head_seconds` closes it."""

    def __init__(
        self, *, limit: int, head_seconds: float, refuse: Callable[[Verdict, str], object], **uvicorn: Any
    ) -> None:
        super().__init__(**uvicorn)
        self._limit = limit
        self._head_seconds = head_seconds
        self._refuse = refuse
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self._limit:
            self.transport = transport
            self._refuse(Verdict.UNAVAILABLE, "too many connections")
            transport.write(_TURNED_AWAY)
            transport.close()
            return
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            # The next head has begun already.
            self._watch()

    def send_400_response(self, msg: str) -> None:
        if not self._answering:
            self._refuse(Verdict.MALFORMED, msg)
        super().send_400_response(msg)

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _watch(self) -> None:
        """A head is under way from the first byte, or from the connection's start, until there is a request."""
        if self._answering or self.transport.is_closing():
            self._unwatch()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_seconds, self._give_up)

    def _unwatch(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._refuse(Verdict.INCOMPLETE, "the head of the request did not arrive in time")
        self.transport.close()
