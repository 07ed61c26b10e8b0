"""The connections between parts, each through a proxy here that can cut it, hold it up or make it slow."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

HERE = "127.0.0.1"
CHUNK_BYTES = 65_536
SLOW_CHUNK_BYTES = 2_048
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Way:
    """A connection by name: who connects goes to `port`, and from there to `to`."""

    name: str
    port: int
    to: int


class _Proxy:
    """One way. All of it runs in the loop of `Links`."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._open = set[asyncio.StreamWriter]()
        self._passable = asyncio.Event()
        self._passable.set()
        self._cut = False
        # Bytes in a second; none: as fast as they come.
        self._rate: float | None = None

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, HERE, self._way.port)

    async def set(self, *, cut: bool = False, held: bool = False, rate: float | None = None) -> None:
        self._cut, self._rate = cut, rate
        if held:
            self._passable.clear()
        else:
            self._passable.set()
        if cut:
            for writer in list(self._open):
                _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            _reset(writer)
            return
        try:
            to_reader, to_writer = await asyncio.open_connection(HERE, self._way.to)
        except OSError:
            _reset(writer)
            return
        both = {writer, to_writer}
        self._open |= both
        pumps = {
            asyncio.ensure_future(self._pump(reader, to_writer)),
            asyncio.ensure_future(self._pump(to_reader, writer)),
        }
        try:
            # One side that has ended ends the other, as when a process dies.
            with suppress(asyncio.CancelledError):
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._open -= both
            for each in both:
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(SLOW_CHUNK_BYTES if self._rate else CHUNK_BYTES):
                await self._passable.wait()
                if self._rate:
                    await asyncio.sleep(len(data) / self._rate)
                writer.write(data)
                await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection as one that is broken, and not as one that is over."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


class Links:
    """All ways, open until the block ends."""

    def __init__(self, ways: Sequence[Way]) -> None:
        self.names = tuple(way.name for way in ways)
        self._ways = ways
        self._proxies: dict[str, _Proxy] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        for way in self._ways:
            self._proxies[way.name] = proxy = _Proxy(way)
            self._servers.append(await proxy.listen())

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextmanager
    def cut(self, name: str) -> Iterator[None]:
        """What is connected is reset, and so is who connects."""
        with self._set(name, cut=True):
            yield

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Whoever connects is let in, and nothing passes."""
        with self._set(name, held=True):
            yield

    @contextmanager
    def slow(self, name: str, rate: float) -> Iterator[None]:
        """On each connection so many bytes pass in a second, each way."""
        with self._set(name, rate=rate):
            yield

    @contextmanager
    def _set(self, name: str, *, cut: bool = False, held: bool = False, rate: float | None = None) -> Iterator[None]:
        proxy = self._proxies[name]

        def tell(*, cut: bool = False, held: bool = False, rate: float | None = None) -> None:
            asyncio.run_coroutine_threadsafe(proxy.set(cut=cut, held=held, rate=rate), self._loop).result()

        tell(cut=cut, held=held, rate=rate)
        try:
            yield
        finally:
            tell()
