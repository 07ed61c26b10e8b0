"""How many connections the ports have, and how many they may have."""

from __future__ import annotations

import logging
import re
import resource
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider

logger = logging.getLogger(__name__)

# The kernel's tables: neither gRPC nor a server in threads tells how many there are.
TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))


@dataclass(frozen=True, slots=True)
class Port:
    """`limit`: of connections at a time."""

    number: int
    limit: int

    @classmethod
    def of(cls, endpoint: str, limit: int) -> Self:
        return cls(int(endpoint.rpartition(":")[2]), limit)


class ConnectionInstruments:
    def __init__(self, provider: MeterProvider, ports: Mapping[str, Port]) -> None:
        """`ports` by what is served there."""
        self._ports = ports
        gauge = provider.get_meter("reduse.processor.connections").create_observable_gauge
        # How near is the bound? At it new senders are turned away. Nothing where the kernel has no such tables.
        gauge("reduse.processor.connections", [self._observe], "{connection}", "Established connections, by port.")
        gauge(
            "reduse.processor.connections.limit",
            [lambda _: [Observation(port.limit, {"port": name}) for name, port in ports.items()]],
            "{connection}",
            "Maximum number of connections, by port.",
        )

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        try:
            tables = [table.read_bytes() for table in TABLES if table.exists()]
        except OSError:
            return []
        if not tables:
            return []
        return [
            Observation(sum(established(table, port.number) for table in tables), {"port": name})
            for name, port in self._ports.items()
        ]


def established(table: bytes, port: int) -> int:
    """Connections to this local port, in a table as proc(5) has it."""
    return len(re.findall(rb"\d+: [0-9A-F]+:%04X [0-9A-F]+:[0-9A-F]{4} 01 " % port, table))


def allow_descriptors(wanted: int) -> None:
    """So many open files, as far as the process may raise its limit: without a descriptor nothing is written either."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        logger.warning(
            "only %d files may be open at once (RLIMIT_NOFILE), which is too few for all connections: raise the limit "
            "to %d or lower REDUSE_PROCESSOR_CONNECTIONS",
            allowed,
            wanted,
        )
