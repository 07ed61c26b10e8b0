"""uvicorn's HTTP/1.1 connection with what it leaves open: how many there are, and how long each step may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

# The usual bound of HTTP servers, and far above what a sender of metrics or a browser needs.
HEAD_BYTES = 16 * 2**10

_TURNED_AWAY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Refusal(StrEnum):
    """Why a connection was closed."""

    # All others have a request under way.
    TOO_MANY = "too_many"
    # Its head did not come in time, or before another connection wanted the place.
    SLOW = "slow"
    # It did not take its answer in time.
    NOT_READING = "not_reading"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    # Beyond it the oldest connection without a request gives way; without one the new one is answered with 503.
    connections: int
    # A head, or the first byte of a connection, that takes longer closes it.
    head_seconds: float = 10.0
    # Whoever takes nothing of an answer for so long is closed.
    reading_seconds: float = 30.0


class Waiting(Protocol):
    """A connection without a request."""

    def give_up(self, why: str) -> None:
        """Close it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the connections of one server share; `refuse` is told of each that is refused."""

    bounds: ConnectionBounds
    refuse: Callable[[Refusal, str], object]
    # Without a request yet, in the order in which they came or began with it.
    without_request: dict[Waiting, None] = field(default_factory=dict)

    def has_room(self, connections: Sized) -> bool:
        """Whether one more may come; if need be the oldest without a request has given way to it."""
        if len(connections) < self.bounds.connections:
            return True
        oldest = next(iter(self.without_request), None)
        if oldest is not None:
            oldest.give_up("another connection wanted the place of one without a request")
        return oldest is not None


class Connection(H11Protocol):
    def __init__(self, *, gate: Gate, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._gate = gate
        self._head_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        # Whoever is not has only the answer that there is no room.
        self._admitted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if not self._gate.has_room(self.connections):
            self.transport = transport
            self._gate.refuse(Refusal.TOO_MANY, "too many connections")
            transport.write(_TURNED_AWAY)
            transport.close()
            return
        self._admitted = True
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted:
            self._unwatch()
            self.resume_writing()
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._admitted:
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            # The next head has begun already.
            self._watch()

    def send_400_response(self, msg: str) -> None:
        if not self._answering:
            self._gate.refuse(Refusal.MALFORMED, msg)
        elif self.cycle is not None:
            # Its body is broken: the application has nobody to answer to, and what it sends would be an error.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        super().send_400_response(msg)

    def pause_writing(self) -> None:
        if not self._admitted:
            return
        super().pause_writing()
        if self._reading_timer is None:
            self._reading_timer = self.loop.call_later(self._gate.bounds.reading_seconds, self._abort)

    def resume_writing(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None
        if self._admitted:
            super().resume_writing()

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _watch(self) -> None:
        """A head is under way from the first byte, or from the connection's start, until there is a request."""
        if self._answering or self.transport.is_closing():
            self._unwatch()
        elif self._head_timer is None:
            self._gate.without_request[self] = None
            message = "the head of the request did not arrive in time"
            self._head_timer = self.loop.call_later(self._gate.bounds.head_seconds, self.give_up, message)

    def _unwatch(self) -> None:
        self._gate.without_request.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def give_up(self, why: str) -> None:
        """Close it, as it has no request."""
        self._gate.refuse(Refusal.SLOW, why)
        self._unwatch()
        # What is not answered needs no end, and a transport that waits for its buffer would keep the place.
        self.connections.discard(self)
        self.transport.close()

    def _abort(self) -> None:
        self._gate.refuse(Refusal.NOT_READING, "the answer was not taken in time")
        self.transport.abort()
