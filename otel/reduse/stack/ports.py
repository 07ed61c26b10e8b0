"""Ports: whether those of the stack are free, and who holds one that is not."""

import errno
import socket
from collections.abc import Mapping

import psutil

from reduse.errors import StackError


def check_free(ports: Mapping[str, int]) -> None:
    """Raise `StackError` naming each port that cannot be had, its owner and its setting."""
    found = {name: (port, refusal(port)) for name, port in ports.items()}
    if lines := [told(name, port, number) for name, (port, number) in found.items() if number is not None]:
        raise StackError("\n".join(lines))


def told(name: str, port: int, number: int) -> str:
    if number == errno.EACCES:
        return f"port {port} is not for this user: set {name} to one from 1024 on."
    return f"port {port} is in use by {owner(port)}: stop that, or set {name}."


def refusal(port: int) -> int | None:
    """The error number with which the system refuses this port of 127.0.0.1; None when it is free."""
    with socket.socket() as probe:
        # As the parts themselves do: connections that are closing do not hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno
    return None


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
