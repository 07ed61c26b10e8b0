"""Free ports for servers under test."""

import os
import secrets
import socket
import time
from collections.abc import Callable

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


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return when the condition holds; TimeoutError, naming what was waited for, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen in {seconds:.0f} s")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
