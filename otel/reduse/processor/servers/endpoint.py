"""host:port, listened on."""

from __future__ import annotations

import socket


def listen(endpoint: str) -> socket.socket:
    """Raises OSError, naming the endpoint, when it cannot be bound."""
    host, _, port = endpoint.rpartition(":")
    try:
        address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[4][:2], family=address[0])
    except (OSError, OverflowError) as error:
        raise OSError(f"cannot listen on {endpoint}: {error}") from error
