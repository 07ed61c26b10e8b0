"""Frames of HTTP/2 as no well-behaved client sends them: a connection whose every byte is ours (RFC 9113)."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.waiting import PATIENCE_SECONDS

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4
DEFAULT_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1
EXPORT = b"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
CHUNK = 15_000


def frame(kind: int, flags: int = 0, stream: int = 0, body: bytes = b"") -> bytes:
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + struct.pack(">I", stream) + body


def field_line(name: bytes, value: bytes) -> bytes:
    """A literal without indexing, whose name and value have less than 127 bytes (RFC 7541)."""
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


def head(*more: tuple[bytes, bytes], path: bytes = EXPORT) -> bytes:
    """The head of a gRPC request."""
    pairs = (
        (b":path", path),
        (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    )
    # The method is POST and the scheme http, of the static table.
    return b"\x83\x86" + b"".join(field_line(name, value) for name, value in (*pairs, *more))


def message(body: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    """As gRPC frames it; with another `length` than it has."""
    return bytes((compressed,)) + struct.pack(">I", len(body) if length is None else length) + body


@dataclass
class Received:
    """What has come so far: frames by kind, and room that was given for data, of all streams and of each."""

    frames: dict[int, int] = field(default_factory=dict)
    room: int = DEFAULT_WINDOW
    initial: int = DEFAULT_WINDOW
    rooms: dict[int, int] = field(default_factory=dict)
    reset: set[int] = field(default_factory=set)
    closed: bool = False


class Http2:
    """Takes part in nothing by itself but what keeps a connection alive: it acknowledges settings and pings."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        raw = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._socket = raw if context is None else context.wrap_socket(raw, server_hostname="localhost")
        self._rest = b""
        self.received = Received()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def greet(self) -> None:
        """The preface and as much room for answers as there may be."""
        self.send(PREFACE + frame(SETTINGS) + frame(WINDOW_UPDATE, body=struct.pack(">I", LARGEST_WINDOW - 65_535)))

    def send(self, frames: bytes) -> bool:
        """Whether the other side is still there."""
        try:
            self._socket.sendall(frames)
        except OSError:
            self.received.closed = True
        return not self.received.closed

    def read(self, seconds: float) -> Received:
        """Whatever comes within so long, or until the other side closes."""
        deadline = time.monotonic() + seconds
        while not self.received.closed and (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65_536)
            except TimeoutError:
                break
            except OSError:
                data = b""
            if not data:
                self.received.closed = True
            self._take(data)
        self._socket.settimeout(PATIENCE_SECONDS)
        return self.received

    def read_until(self, condition: Callable[[Received], object]) -> Received:
        """Whatever comes until this is so, the other side closes, or patience ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (condition(self.received) or self.received.closed or time.monotonic() > deadline):
            self.read(0.1)
        return self.received

    def _take(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= 9 and len(self._rest) >= (end := 9 + int.from_bytes(self._rest[:3], "big")):
            kind, flags, stream = self._rest[3], self._rest[4], int.from_bytes(self._rest[5:9], "big")
            body, self._rest = self._rest[9:end], self._rest[end:]
            self.received.frames[kind] = self.received.frames.get(kind, 0) + 1
            self._obey(kind, flags, stream, body)

    def _obey(self, kind: int, flags: int, stream: int, body: bytes) -> None:
        if kind == WINDOW_UPDATE and not stream:
            self.received.room += int.from_bytes(body, "big")
        elif kind == WINDOW_UPDATE:
            self.received.rooms[stream] = self.room_of(stream) + int.from_bytes(body, "big")
        elif kind == RST_STREAM:
            self.received.reset.add(stream)
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(body), 6):
                name, value = struct.unpack_from(">HI", body, at)
                if name == INITIAL_WINDOW_SIZE:
                    self.received.initial = value
            self.send(frame(SETTINGS, ACK))
        elif kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, body=body))

    def room_of(self, stream: int) -> int:
        return self.received.rooms.get(stream, self.received.initial)

    def send_data(self, stream: int, content: bytes) -> int:
        """As many of the bytes as there is room for; how many."""
        sent = 0
        while sent < len(content) and stream not in self.received.reset:
            size = min(CHUNK, len(content) - sent, self.room_of(stream), self.received.room)
            if size <= 0 or not self.send(frame(DATA, 0, stream, content[sent : sent + size])):
                break
            self.received.rooms[stream] = self.room_of(stream) - size
            self.received.room -= size
            sent += size
        return sent
