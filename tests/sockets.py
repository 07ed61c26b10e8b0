"""Many connections, and what is said on one until its end."""

import resource
import socket
from contextlib import suppress


def allow_many_files() -> None:
    """Let this process have as many connections as the system lets it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def until_closed(connection: socket.socket) -> bytes:
    """What was answered; TimeoutError when it is not closed."""
    got = b""
    with suppress(ConnectionError):
        while data := connection.recv(65_536):
            got += data
    return got
