"""Free ports for servers under test."""

import os
import secrets
import socket

# Below the range from which the kernel serves outgoing connections: those would take a port before its server does.
# Each worker of a run has ports of its own, so that none takes what another one has just been given.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
CANDIDATES = range(15_000 + _WORKER, 32_000, _WORKERS)
_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, given to nobody else in this process."""
    while True:
        port = secrets.choice(CANDIDATES)
        if port not in _given and _can_be_bound(port):
            _given.add(port)
            return port


def _can_be_bound(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
