"""A small HTTP server in threads, for whom nobody can hold up others: bounds on connections, heads and time."""

from __future__ import annotations

import http.client
import io
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

# At once. Beyond it the oldest that has not asked yet gives way; when all have, the new one is closed.
CONNECTIONS = 32
# From the connection to the end of the answer.
REQUEST_SECONDS = 10.0
HEAD_BYTES = 16 * 2**10


class Refused(StrEnum):
    """Why a connection was closed without an answer, or with one of 4xx."""

    TOO_MANY = "too_many"
    SLOW = "slow"
    MALFORMED = "malformed"


@dataclass(slots=True)
class _Open:
    begun: float
    asked: bool = False
    refused: bool = False


class BoundedServer(ThreadingMixIn, WSGIServer):
    """`refuse` is told of each connection that is refused, from any thread."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    refuse: Callable[[Refused], object] = staticmethod(lambda _: None)

    def __init__(self, *given: Any, **named: Any) -> None:
        self._lock = threading.Lock()
        # In the order in which they came.
        self._open: dict[Any, _Open] = {}
        super().__init__(*given, **named)

    def process_request(self, request: Any, client_address: Any) -> None:
        """In the thread that accepts."""
        if self._make_room():
            with self._lock:
                self._open[request] = _Open(time.monotonic())
            super().process_request(request, client_address)
        else:
            self.refuse(Refused.TOO_MANY)
            self.shutdown_request(request)

    def _make_room(self) -> bool:
        with self._lock:
            if len(self._open) < CONNECTIONS:
                return True
            for request, one in self._open.items():
                if not one.asked:
                    self._end(request, one, Refused.TOO_MANY)
                    del self._open[request]
                    return True
        return False

    def _end(self, request: Any, one: _Open, why: Refused) -> None:
        """Its thread sees that and closes it."""
        if not one.refused:
            one.refused = True
            self.refuse(why)
        try:
            request.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def asked(self, request: Any) -> None:
        """Its head has come."""
        with self._lock:
            if request in self._open:
                self._open[request].asked = True

    def service_actions(self) -> None:
        """Now and then, and after each connection: who takes too long is closed."""
        latest = time.monotonic() - REQUEST_SECONDS
        with self._lock:
            for request, one in self._open.items():
                if one.begun > latest:
                    break
                self._end(request, one, Refused.SLOW)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        """Whoever goes away, or has a request line without an end, is not worth a trace."""
        if isinstance(sys.exception(), http.client.LineTooLong):
            self.refuse(Refused.MALFORMED)


class BoundedHandler(WSGIRequestHandler):
    """One request, whose head has at most HEAD_BYTES."""

    server: BoundedServer

    def setup(self) -> None:
        super().setup()
        self.rfile = _Head(self.rfile)

    def parse_request(self) -> bool:
        if super().parse_request():
            self.server.asked(self.request)
            return True
        return False

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.server.refuse(Refused.MALFORMED)
        super().send_error(code, message, explain)

    def log_message(self, *_: object) -> None:
        """Scrapes are not worth a line each."""


class _Head(io.BufferedIOBase):
    """The beginning of what a client says."""

    def __init__(self, of: Any) -> None:
        self._of = of
        self._left = HEAD_BYTES

    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002 - the whole head is bounded, not each line
        """Raises LineTooLong, which is answered with 431; ConnectionError when there is no end of the line.

        Without that, a head that was cut off would be taken for a whole one, and answered to nobody.
        """
        line: bytes = self._of.readline(self._left + 1)
        self._left -= len(line)
        if self._left < 0:
            raise http.client.LineTooLong("head")
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError
        return line

    def close(self) -> None:
        self._of.close()
