"""What every port that is fuzzed has: payloads, a look at what serves it, and somebody who must not notice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from tests.fuzz.ports import traffic
from tests.fuzz.ports.running import AT_ONCE, BrokenError, Kind
from tests.fuzz.ports.ways import CLOSED, Connections, GrpcExports, HttpBodies, channel
from tests.process import Process

# Of a process that is attacked by one sender.
MEMORY_BYTES = 1 << 30
FRAMES_ANSWERS = frozenset({"open", CLOSED})


@dataclass(frozen=True)
class Target:
    """`innocent` is how often somebody who must not notice was served so far; `check` raises BrokenError."""

    kinds: Sequence[Kind]
    check: Callable[[], None]
    innocent: Callable[[], int]
    memory: Callable[[], int]
    at_once: int = AT_ONCE


class Guard:
    """Looks at a process now and then."""

    def __init__(self, process: Process, harmed: Callable[[], str]) -> None:
        self._process = process
        self._harmed = harmed
        self.most = 0

    def __call__(self) -> None:
        if not self._process.alive:
            raise BrokenError(f"the process has ended: {self._process.output()[-2000:]}")
        self.most = max(self.most, psutil.Process(self._process.pid).memory_info().rss)
        if self.most > MEMORY_BYTES:
            raise BrokenError(f"the process takes {self.most >> 20} MiB")
        if harmed := self._harmed():
            raise BrokenError(harmed)


def grpc_kinds(port: int, exports: Sequence[bytes], answers: frozenset[str]) -> Sequence[Kind]:
    """Exports as messages, and as what is said on whole connections, to a port of OTLP over gRPC."""
    channels = iter(lambda: channel(port), None)
    frames = traffic.grpc_connections(exports)
    return (
        Kind("messages", 0.95, exports, lambda: GrpcExports(port, (next(channels),)), answers),
        Kind("frames", 0.05, frames, lambda: Connections(port, http=False), FRAMES_ANSWERS),
    )


def http_kinds(port: int, exports: Sequence[bytes], bodies: frozenset[str], requests: frozenset[str]) -> Sequence[Kind]:
    """Exports as bodies, and as whole requests, to a port of OTLP over HTTP, with the answers that each may get."""
    return (
        Kind("bodies", 0.8, exports, lambda: HttpBodies(port, "/v1/metrics"), bodies),
        Kind("requests", 0.2, traffic.http_exports(exports), lambda: Connections(port), requests),
    )
