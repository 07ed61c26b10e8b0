"""What a link does to a connection, and that all is as before when the fault is over."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from reduse.soak.links import HERE, Links, Way
from tests.ports import free_port


@contextmanager
def echo() -> Iterator[int]:
    """A server that says what it is told."""
    with socket.create_server((HERE, 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(ConnectionError):
                while data := connection.recv(1000):
                    connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def link() -> Iterator[tuple[Links, Way]]:
    with echo() as to:
        way = Way("way", free_port(), to)
        with Links([way]) as links:
            yield links, way


def said(connection: socket.socket) -> bytes:
    connection.sendall(b"hello")
    return connection.recv(5)


def connected(way: Way, seconds: float = 5.0) -> socket.socket:
    return socket.create_connection((HERE, way.port), timeout=seconds)


def test_an_open_link_passes_both_ways(link: tuple[Links, Way]) -> None:
    with connected(link[1]) as connection:
        assert said(connection) == b"hello"


def test_a_cut_resets_what_is_open_and_what_comes(link: tuple[Links, Way]) -> None:
    links, way = link
    with connected(way) as connection:
        assert said(connection) == b"hello"
        with links.cut("way"):
            with pytest.raises(ConnectionError):
                connection.recv(5)
            with pytest.raises(ConnectionError), connected(way) as another:
                said(another)
    with connected(way) as connection:
        assert said(connection) == b"hello"


def test_what_is_held_passes_when_the_fault_is_over(link: tuple[Links, Way]) -> None:
    links, way = link
    with connected(way) as connection:
        with links.held("way"):
            connection.sendall(b"hello")
            connection.settimeout(0.3)
            with pytest.raises(TimeoutError):
                connection.recv(5)
        connection.settimeout(5)
        assert connection.recv(5) == b"hello"


def test_who_is_behind_the_link_and_gone_is_gone_before_it() -> None:
    way = Way("way", free_port(), free_port())
    with Links([way]), pytest.raises(ConnectionError), connected(way) as connection:
        said(connection)
