"""What instrumentation adds to the CPU time of a database operation, by driver: ours beside contrib's.

Contrib's makes spans, which nobody takes, and with the opt-in the metric that ours makes; of asyncpg only spans.
"""

import random
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.behaviours.contrib import contrib_environment
from tests.behaviours.server import ROOT, clean_environment
from tests.benchmarks.distro.cpu import pin, two_cores
from tests.benchmarks.distro.database_client import DRIVERS
from tests.benchmarks.distro.estimate import Estimate, estimate, ratio
from tests.benchmarks.distro.services import sink
from tests.benchmarks.distro.sink import kept
from tests.benchmarks.distro.subjects import INTERVAL_SECONDS, Endpoints
from tests.postgres import PASSWORD, SUPERUSER, start_postgres

BARE, OURS, CONTRIB = "bare", "ours", "contrib"
ROUNDS = 200

_KEPT_MESSAGES = 200
_FIRST_OPERATIONS = 1000
_WARMING_OPERATIONS = 20
_MEASURED_OPERATIONS = 100
_NANOSECONDS_PER_US = 1000
_END_SECONDS = 30
_DURATION = "db.client.operation.duration"

# asyncio asks for 256 KiB at each read. Whether the C library then maps new pages each time depends on what was freed
# before, and is half of an operation: here all have them at hand.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(16 * 1024 * 1024), "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024)}

Pair = tuple[str, str]


@dataclass
class DatabaseCost:
    """Microseconds of CPU an operation, round by round, by driver and by whose instrumentation runs."""

    cpu_us: dict[Pair, list[float]] = field(
        default_factory=lambda: {(driver, subject): [] for driver in DRIVERS for subject in (BARE, OURS, CONTRIB)}
    )

    def added_us(self, driver: str, subject: str) -> list[float]:
        """What an instrumentation took more than the bare driver did in the same round."""
        bare = self.cpu_us[driver, BARE]
        return [mine - without for mine, without in zip(self.cpu_us[driver, subject], bare, strict=True)]

    def added(self, driver: str, subject: str) -> Estimate:
        """The median of that."""
        return estimate(self.added_us(driver, subject))

    def ratio(self, driver: str) -> tuple[float, float, float]:
        """What ours adds over what contrib's adds, with the ends of its interval."""
        return ratio(self.added_us(driver, OURS), self.added_us(driver, CONTRIB))


class _Client:
    """A process that executes operations when it is told."""

    def __init__(self, driver: str, dsn: str, variables: Mapping[str, str] | None) -> None:
        command = ["python", "-m", "tests.benchmarks.distro.database_client", driver, dsn]
        if variables is not None:
            command.insert(0, "opentelemetry-instrument")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment() | _MEMORY | dict(variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.operations = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def work(self, times: int) -> int:
        """Nanoseconds of CPU of so many operations."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        self.operations += times
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """Have it send its last values."""
        self._process.communicate(timeout=_END_SECONDS)


def measure_databases(folder: Path, rounds: int) -> DatabaseCost:
    """Rounds: in each every client has a short slice, one after another in a new order.

    Raises:
        RuntimeError: ours has not counted what it executed.
    """
    cost, cores = DatabaseCost(), two_cores()
    with sink(folder, _KEPT_MESSAGES) as (_, endpoints), start_postgres() as server:
        dsn = f"host={server.host} port={server.port} user={SUPERUSER} password={PASSWORD} dbname=postgres"
        with _clients(folder, endpoints, dsn) as clients:
            for client in clients.values():
                client.work(_FIRST_OPERATIONS)
                if cores is not None:
                    pin(client.pid, cores[0])
            order = list(clients)
            for _ in range(rounds):
                random.shuffle(order)
                for pair in order:
                    clients[pair].work(_WARMING_OPERATIONS)
                    taken = clients[pair].work(_MEASURED_OPERATIONS)
                    cost.cpu_us[pair].append(taken / _MEASURED_OPERATIONS / _NANOSECONDS_PER_US)
        for driver in DRIVERS:
            counted, executed = _counted(endpoints.grpc, f"{OURS}-{driver}"), clients[driver, OURS].operations
            if counted != executed:
                raise RuntimeError(f"{counted} of {executed} operations of {driver} were counted")
    return cost


@contextmanager
def _clients(folder: Path, endpoints: Endpoints, dsn: str) -> Iterator[dict[Pair, _Client]]:
    contrib = {
        name: value
        for name, value in contrib_environment(folder).items()
        if name != "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
    }
    variables: dict[str, Mapping[str, str] | None] = {
        BARE: None,
        OURS: {},
        CONTRIB: {**contrib, "OTEL_SEMCONV_STABILITY_OPT_IN": "database"},
    }
    with ExitStack() as stack:
        clients = {}
        for driver in DRIVERS:
            for subject, own in variables.items():
                exporting = {
                    "OTEL_SERVICE_NAME": f"{subject}-{driver}",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": endpoints.grpc if subject == CONTRIB else endpoints.http,
                    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if subject == CONTRIB else "http/protobuf",
                    "OTEL_METRIC_EXPORT_INTERVAL": f"{INTERVAL_SECONDS * 1000:.0f}",
                }
                client = _Client(driver, dsn, None if own is None else exporting | dict(own))
                stack.callback(client.end)
                clients[driver, subject] = client
        yield clients


def _counted(endpoint: str, service: str) -> int:
    newest = {
        str(point.attributes): point.count
        for resource_metrics in kept(endpoint).resource_metrics
        if any(pair.value.string_value == service for pair in resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics
        for metric in scope_metrics.metrics
        if metric.name == _DURATION
        for point in metric.histogram.data_points
    }
    return sum(newest.values())
