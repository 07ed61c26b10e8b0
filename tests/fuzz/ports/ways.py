"""How a payload is sent, and what is answered: a status, or "closed" where the connection ends without one."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import grpc
import grpc.aio

from tests.fuzz import ways
from tests.intruders import METHOD

TIMEOUT_SECONDS = 60.0
CLOSED = "closed"
# What is said of bytes that are no message, apart from other errors of the same code: tests.fuzz.ways.
UNREADABLE = f"INTERNAL: {ways.NO_MESSAGE}"
UNSAYABLE = f"500: {ways.UNSAYABLE}"
# Of an answer that has no end of its own, as a stream of events.
ANSWER_SECONDS = 0.02
# Until a server has answered, if it has the whole request; and until it has closed, if it said so.
HEAD_SECONDS = 0.2
END_SECONDS = 5.0


class Way(Protocol):
    """One at a time; there are several."""

    async def send(self, payload: bytes) -> str:
        """The answer. Raises TimeoutError when there is none."""

    async def close(self) -> None: ...


async def _ends(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the other side closes within so long."""
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(65_536):
                pass
    except TimeoutError:
        return False
    return True


class GrpcExports:
    """The payload is the message of a call; all ways of a run share a few connections."""

    def __init__(self, port: int, connections: Sequence[grpc.aio.Channel] = ()) -> None:
        self._channel = connections[0] if connections else channel(port)
        self._export: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(METHOD)

    async def send(self, payload: bytes) -> str:
        try:
            await self._export(payload, timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise TimeoutError from error
            said = f"{error.code().name}: {error.details()}"
            return UNREADABLE if said.startswith(UNREADABLE) else error.code().name
        return "OK"

    async def close(self) -> None:
        await self._channel.close()


def channel(port: int) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])


class HttpBodies:
    """The payload is the body of a POST on a connection that is used again."""

    def __init__(self, port: int, path: str, kind: str = "application/x-protobuf") -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: {kind}\r\ncontent-length: "
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, payload: bytes) -> str:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            try:
                writer.write(self._head + b"%d\r\n\r\n%s" % (len(payload), payload))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
                body = await reader.readexactly(length)
            except (OSError, asyncio.IncompleteReadError, IndexError):
                await self.close()
                return CLOSED
        if b"connection: close" in head:
            await self.close()
        status = head.split(b" ", 2)[1].decode()
        return UNSAYABLE if status == "500" and ways.UNSAYABLE.encode() in body else status

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Connections:
    """The payload is all that is said on a connection of its own, whose writing end is then closed."""

    def __init__(self, port: int, *, http: bool = True) -> None:
        self._port = port
        self._http = http

    async def send(self, payload: bytes) -> str:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                writer.write(payload)
                return await self._answer(reader, writer)
            except OSError:
                return CLOSED
            finally:
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        if not self._http:
            # Whatever comes: frames.
            return CLOSED if await _ends(reader, ANSWER_SECONDS) else "open"
        line = asyncio.ensure_future(reader.readline())
        try:
            first = await asyncio.wait_for(asyncio.shield(line), HEAD_SECONDS)
        except TimeoutError:
            # It waits for more of the request, of which there is none. Not before: who closes is not answered.
            writer.write_eof()
            first = await line
        if not first.startswith(b"HTTP/1."):
            # HTTP/0.9 has no status.
            return "no status" if first else CLOSED
        status = first.split(b" ", 2)[1].decode()
        if status == "100":
            await reader.readuntil(b"\r\n")
            return await self._answer(reader, writer)
        head = b""
        while (field := await reader.readline()).strip():
            head += field.lower()
        if status == "500" and ways.UNSAYABLE.encode() in await asyncio.wait_for(reader.read(1000), END_SECONDS):
            return UNSAYABLE
        if b"connection: close" in head or b"content-length" not in head:
            # A stream of events has no end.
            await _ends(reader, ANSWER_SECONDS if b"event-stream" in head else END_SECONDS)
        return status

    async def close(self) -> None:
        """Nothing is open."""
