"""Ports: whether those of the stack are free, and who holds one that is not."""

import socket
from collections.abc import Mapping

import psutil

from reduse.stack.errors import StackError


def check_free(ports: Mapping[str, int]) -> None:
    """Raise `StackError` naming each port in use, its owner and its setting."""
    taken = [(name, port) for name, port in ports.items() if not is_free(port)]
    if taken:
        lines = [f"port {port} is in use by {owner(port)}: stop that, or set {name}." for name, port in taken]
        raise StackError("\n".join(lines))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the parts themselves do: connections that are closing do not hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def owner(port: int) -> str:
    """The name and process id of who listens on `port`, as far as this user may see it."""
    try:
        for connection in psutil.net_connections("inet"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"
