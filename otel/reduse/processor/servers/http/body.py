"""The body of a request on its way in. What all of them hold together is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Self

from reduse.processor.otlp.compression import TooLargeError
from reduse.processor.servers.memory import CrowdedError, Memory

# Until it is looked again whether there is room.
ROOM_SECONDS = 0.01

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class DisconnectedError(Exception):
    """The sender went away before the end."""


class Body:
    """Its chunks, to be iterated over once; as a context, it gives its memory back at the end."""

    def __init__(self, receive: Receive, memory: Memory, make_room: Callable[[], bool]) -> None:
        """`make_room`: whether somebody is about to give memory back, for this one."""
        self._receive = receive
        self._memory = memory
        self._make_room = make_room
        self._size = 0
        self.ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.give_back(self._size)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Raises DisconnectedError."""
        if self.ended:
            raise StopAsyncIteration
        message = await self._receive()
        if message["type"] != "http.request":
            raise DisconnectedError
        self.ended = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    async def read(self) -> bytes:
        """The whole. Raises TooLargeError, CrowdedError, DisconnectedError."""
        chunks = []
        async for chunk in self:
            if self._size + len(chunk) > self._memory.limit:
                raise TooLargeError(f"more than {self._memory.limit} bytes")
            await self._take(len(chunk))
            self._size += len(chunk)
            chunks.append(chunk)
        return b"".join(chunks)

    async def _take(self, size: int) -> None:
        while True:
            try:
                self._memory.take(size)
            except CrowdedError:
                if not self._make_room():
                    raise
                await asyncio.sleep(ROOM_SECONDS)
            else:
                return

    async def discard(self) -> None:
        """Read on, as far again as a body may go: a sender that is still writing would not read the answer."""
        left = self._memory.limit
        async for chunk in self:
            left -= len(chunk)
            if left < 0:
                return
