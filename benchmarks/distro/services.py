"""All subjects' services, running side by side; the idle ones cost next to nothing."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.distro.cpu import pin, two_cores
from benchmarks.distro.subjects import Endpoints, Subject
from tests.ports import free_port
from tests.server import Server

# The last minutes of all subjects, also where a busy machine takes so long to ask them one after another.
_KEPT_MESSAGES = 4_000


@dataclass(frozen=True)
class Services:
    """`servers` by the name of their subject, and the endpoints that they send to."""

    servers: Mapping[str, Server]
    endpoints: Endpoints


@contextmanager
def sink(folder: Path, keep: int = 0) -> Iterator[tuple[Server, Endpoints]]:
    """A receiver that keeps this many messages, and where it listens."""
    http = free_port()
    command = ["python", "-m", "benchmarks.distro.sink", "--port={port}", f"--http-port={http}", f"--keep={keep}"]
    with Server(command, {}, folder / "sink.log") as server:
        yield server, Endpoints(server.url, f"http://127.0.0.1:{http}")


@contextmanager
def running(subjects: tuple[Subject, ...], folder: Path) -> Iterator[Services]:
    """Start all, side by side; then the servers have one core, and this process and the receiver another.

    Raises:
        RuntimeError: a service does not start.
    """
    with ExitStack() as stack:
        receiver, endpoints = stack.enter_context(sink(folder, _KEPT_MESSAGES))
        servers = {subject.name: subject.server(endpoints, folder / f"{subject.name}.log") for subject in subjects}
        for server in servers.values():
            server.start()
            stack.callback(server.stop)
        for server in servers.values():
            server.wait_until_listening()
        cores = two_cores()
        if cores is not None:
            serving, asking = cores
            for server in servers.values():
                pin(server.pid, serving)
            pin(receiver.pid, asking)
            pin(os.getpid(), asking)
        yield Services(servers, endpoints)
