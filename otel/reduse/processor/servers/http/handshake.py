"""A connection before it is one: its TLS handshake, within the same bounds.

asyncio tells a protocol of a connection when the handshake has ended, so that one that never ends would have no bound.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto
from collections.abc import Callable
from typing import Any, cast

from reduse.http_connection import Connection, Gate, Refusal

# asyncio reserves 256 KiB for each connection with TLS, of which a thousand would be more than all else. A record has
# at most 16 KiB (RFC 8446, 5.1). Where asyncio has no such attribute any more, this changes nothing.
sslproto.SSLProtocol.max_size = 32 * 2**10

# For the other end to say that it closes as well. Until then the connection is there, and not counted any more.
GOODBYE_SECONDS = 1.0


class Handshake(asyncio.Protocol):
    """Does the handshake and then hands over to a `Connection`; counts as one from the beginning.

    Args:
        context: of the server.
        gate: that of the connections.
        uvicorn: what uvicorn makes a connection of.
    """

    def __init__(self, *, context: ssl.SSLContext, gate: Gate, **uvicorn: Any) -> None:
        self._context = context
        self._gate = gate
        self._connect: Callable[[], Connection] = lambda: Connection(gate=gate, **uvicorn)
        self._connections: set[Any] = uvicorn["server_state"].connections
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        # What came with the end of the handshake.
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._gate.has_room(self._connections):
            self._gate.refuse(Refusal.TOO_MANY, "too many connections")
            self._transport.abort()
            return
        self._connections.add(self)
        self._gate.without_request[self] = None
        # Its first step is before anything is read: the loop runs it before what the next selection finds.
        self._task = asyncio.get_running_loop().create_task(self._shake(self._transport))

    def data_received(self, data: bytes) -> None:
        self._data += data

    def connection_lost(self, _: Exception | None) -> None:
        self._leave()

    def give_up(self, why: str) -> None:
        """Close it, as it has no request."""
        self._gate.refuse(Refusal.SLOW, why)
        self.shutdown()

    def shutdown(self) -> None:
        """As uvicorn asks its connections at the end."""
        self._leave()
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _shake(self, transport: asyncio.Transport) -> None:
        loop, seconds = asyncio.get_running_loop(), self._gate.bounds.head_seconds
        try:
            async with asyncio.timeout(seconds):
                secured = await loop.start_tls(
                    transport, self, self._context, server_side=True, ssl_shutdown_timeout=GOODBYE_SECONDS
                )
        except TimeoutError:
            self.give_up("the TLS handshake did not end in time")
        except OSError:
            # The context has told why, or the other end has gone.
            self.shutdown()
        else:
            self._hand_over(cast("asyncio.Transport", secured))

    def _hand_over(self, secured: asyncio.Transport) -> None:
        self._leave()
        connection = self._connect()
        secured.set_protocol(connection)
        connection.connection_made(secured)
        if self._data:
            connection.data_received(bytes(self._data))

    def _leave(self) -> None:
        self._connections.discard(self)
        self._gate.without_request.pop(self, None)
