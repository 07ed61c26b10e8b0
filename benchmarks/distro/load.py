"""A client that costs little and counts exactly: a few keep-alive connections, each with one request at a time."""

import select
import socket
from collections.abc import Iterator
from itertools import cycle
from types import TracebackType
from typing import Self

from benchmarks.distro.application import ROUTE, USER_HEADER, USERS

CONNECTIONS = 4
TIMEOUT_SECONDS = 20
_READ_BYTES = 65_536
_OK = b"HTTP/1.1 200 "
_LENGTH = b"content-length: "
_END = b"\r\n\r\n"

# All ids have the same number of digits, so that all responses have the same length.
_FIRST_ITEM = 1000


def request_of(user: int) -> bytes:
    """The request of one of the users; each asks for an item of its own."""
    path = ROUTE.format(item_id=_FIRST_ITEM + user)
    return f"GET {path} HTTP/1.1\r\nHost: service\r\n{USER_HEADER}: user-{user:05}\r\n\r\n".encode()


def is_complete(response: bytes) -> bool:
    """Whether this is a whole response.

    Raises:
        RuntimeError: it is not a success, or says no length.
    """
    if len(response) >= len(_OK) and not response.startswith(_OK):
        raise RuntimeError(f"the service answered {response[:80]!r}")
    head, end, body = response.partition(_END)
    if not end:
        return False
    _, found, length = head.lower().partition(_LENGTH)
    if not found:
        raise RuntimeError(f"a response without a length: {head!r}")
    return len(body) == int(length.split(b"\r\n", 1)[0])


class Load:
    """Sends requests of all users in turn.

    Args:
        port: of the service, on 127.0.0.1.
        requests: what to send instead; as many are taken as are sent.
        connections: each has one request at a time.
    """

    def __init__(self, port: int, requests: Iterator[bytes] | None = None, connections: int = CONNECTIONS) -> None:
        self._port = port
        self._requests = requests or cycle([request_of(user) for user in range(USERS)])
        self._connection_count = connections
        self._response_bytes = 0

    def __enter__(self) -> Self:
        self._epoll = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        for _ in range(self._connection_count):
            connection = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[connection.fileno()] = connection
            self._epoll.register(connection, select.EPOLLIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._epoll.close()
        for connection in self._connections.values():
            connection.close()

    def send(self, count: int) -> int:
        """Send this many requests, wait for all answers, and give their number."""
        unsent = count
        answered = 0
        for connection in self._connections.values():
            if unsent:
                connection.sendall(next(self._requests))
                unsent -= 1
        while answered < count:
            for descriptor, _ in self._ready():
                connection = self._connections[descriptor]
                self._read_response(connection)
                answered += 1
                if unsent:
                    connection.sendall(next(self._requests))
                    unsent -= 1
        return answered

    def _ready(self) -> list[tuple[int, int]]:
        ready = self._epoll.poll(TIMEOUT_SECONDS)
        if not ready:
            raise RuntimeError(f"the service on port {self._port} does not answer")
        return ready

    def _read_response(self, connection: socket.socket) -> None:
        response = connection.recv(_READ_BYTES)
        # All are as long as the first one was.
        if len(response) == self._response_bytes and response.startswith(_OK):
            return
        while not is_complete(response):
            part = connection.recv(_READ_BYTES)
            if not part:
                raise RuntimeError(f"the service on port {self._port} closed a connection")
            response += part
        self._response_bytes = len(response)
