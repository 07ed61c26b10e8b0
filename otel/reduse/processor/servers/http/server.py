"""The HTTP server: uvicorn on the event loop that gRPC has."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import uvicorn

from reduse.http_connection import HEAD_BYTES, Connection, ConnectionBounds, Gate, Refusal
from reduse.processor.pipeline.intake import Intake, Verdict
from reduse.processor.servers.endpoint import listen
from reduse.processor.servers.http.application import Application
from reduse.processor.servers.http.handshake import Handshake
from reduse.processor.tls import CertificateFiles

# What a connection that is refused counts as. Of `requests`, as it would have made one.
VERDICT = {
    Refusal.TOO_MANY: Verdict.UNAVAILABLE,
    Refusal.SLOW: Verdict.INCOMPLETE,
    Refusal.NOT_READING: Verdict.INCOMPLETE,
    Refusal.MALFORMED: Verdict.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class Bounds:
    # Beyond it the oldest connection without a request gives way; without one the new one is answered with 503.
    connections: int = 1024
    # A head, or the first byte of a connection, that takes longer closes it.
    head_seconds: float = 10.0
    # A body that takes longer is answered with 503.
    body_seconds: float = 30.0
    # A connection without a request closes after so long.
    idle_seconds: int = 60


class _Server(uvicorn.Server):
    """Leaves the signals to the host."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    def __init__(
        self,
        intake: Intake,
        endpoint: str,
        message_limit: int,
        *,
        grace_seconds: int,
        bounds: Bounds | None = None,
        tls: CertificateFiles | None = None,
    ) -> None:
        """`message_limit`: bytes of a body."""
        bounds = bounds or Bounds()
        self._endpoint = endpoint
        self._application = Application(intake, message_limit, body_seconds=bounds.body_seconds)
        gate = Gate(
            ConnectionBounds(bounds.connections, bounds.head_seconds),
            lambda refusal, message: intake.refuse(VERDICT[refusal], message),
        )
        connection: Callable[..., asyncio.Protocol] = partial(Connection, gate=gate)
        if tls:
            connection = partial(Handshake, context=tls.server_context(intake.refuse_connection), gate=gate)
        config = uvicorn.Config(
            cast("Any", self._application),
            http=cast("type[asyncio.Protocol]", connection),
            interface="asgi3",
            ws="none",
            lifespan="off",
            # Our own logging stays; of what senders do wrong the metrics tell.
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=HEAD_BYTES,
            timeout_keep_alive=bounds.idle_seconds,
            timeout_graceful_shutdown=grace_seconds,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises OSError when the endpoint cannot be bound."""
        self._serving = asyncio.create_task(self._server.serve([listen(self._endpoint)]))
        await self._server.listening.wait()

    @property
    def serving(self) -> bool:
        return self._serving is not None and not self._serving.done()

    async def stop(self) -> None:
        """Stops accepting; returns when every request is answered, or the grace is over."""
        self._application.close()
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
