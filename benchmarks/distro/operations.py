"""What instrumentation adds to the CPU time of an operation of a client library: ours beside contrib's.

The clients and their server share a core. To wake a server on another core is dearer than most operations, and which
core it is on changes from slice to slice where the kernel chooses.
"""

import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from behaviours.contrib import contrib_environment
from benchmarks.distro.estimate import Estimate, estimate, ratio
from benchmarks.distro.sink import kept
from benchmarks.distro.subjects import BARE, CONTRIB, INTERVAL_SECONDS, Endpoints
from tests.server import ROOT, clean_environment

OURS = "ours"
ROUNDS = 200
KEPT_MESSAGES = 200

_FIRST_OPERATIONS = 1000
_WARMING_OPERATIONS = 20
_MEASURED_OPERATIONS = 100
_NANOSECONDS_PER_US = 1000
_END_SECONDS = 30

Pair = tuple[str, str]


@dataclass(frozen=True)
class Program:
    """`arguments` of the interpreter for a program like `operation_client`; `operations`: what it answers for."""

    name: str
    arguments: tuple[str, ...]
    operations: tuple[str, ...]


@dataclass
class OperationCost:
    """Microseconds of CPU an operation, round by round, by operation and by whose instrumentation runs."""

    operations: tuple[str, ...]
    cpu_us: dict[Pair, list[float]] = field(init=False)

    def __post_init__(self) -> None:
        self.cpu_us = {(operation, subject): [] for operation in self.operations for subject in (BARE, OURS, CONTRIB)}

    def added_us(self, operation: str, subject: str) -> list[float]:
        """What an instrumentation took more than the bare library did in the same round."""
        bare = self.cpu_us[operation, BARE]
        return [mine - without for mine, without in zip(self.cpu_us[operation, subject], bare, strict=True)]

    def added(self, operation: str, subject: str) -> Estimate:
        """The median of that."""
        return estimate(self.added_us(operation, subject))

    def ratio(self, operation: str) -> tuple[float, float, float]:
        """What ours adds over what contrib's adds, with the ends of its interval."""
        return ratio(self.added_us(operation, OURS), self.added_us(operation, CONTRIB))


class Client:
    """A process that executes operations when it is told."""

    def __init__(self, program: Program, variables: Mapping[str, str] | None) -> None:
        command = ["python", *program.arguments]
        if variables is not None:
            command.insert(0, "opentelemetry-instrument")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment() | dict(variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.program = program
        self.executed = 0

    def work(self, times: int) -> Sequence[int]:
        """Nanoseconds of CPU of so many operations, by the program's kinds of them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        self.executed += times
        return [int(part) for part in self._process.stdout.readline().split()]

    def end(self) -> None:
        """Have it send its last values."""
        self._process.communicate(timeout=_END_SECONDS)


def measure_operations(
    folder: Path, endpoints: Endpoints, programs: Sequence[Program], rounds: int
) -> tuple[OperationCost, Mapping[str, int]]:
    """Rounds: in each every client has a short slice, one after another in a new order.

    Returns:
        The cost, and how often ours has executed each operation, by program.
    """
    cost = OperationCost(tuple(operation for program in programs for operation in program.operations))
    with _clients(folder, endpoints, programs) as clients:
        for client in clients.values():
            client.work(_FIRST_OPERATIONS)
        order = list(clients)
        for _ in range(rounds):
            random.shuffle(order)
            for name, subject in order:
                client = clients[name, subject]
                client.work(_WARMING_OPERATIONS)
                taken = client.work(_MEASURED_OPERATIONS)
                for operation, nanoseconds in zip(client.program.operations, taken, strict=True):
                    cost.cpu_us[operation, subject].append(nanoseconds / _MEASURED_OPERATIONS / _NANOSECONDS_PER_US)
    return cost, {program.name: clients[program.name, OURS].executed for program in programs}


def check_counted(endpoints: Endpoints, program: str, metric: str, executed: int) -> None:
    """See that ours has counted what it executed, and sent it when it ended.

    Raises:
        RuntimeError: it has not.
    """
    counted = _counted(endpoints.grpc, f"{OURS}-{program}", metric)
    if counted != executed:
        raise RuntimeError(f"{counted} of {executed} operations of {program} are in {metric}")


@contextmanager
def _clients(folder: Path, endpoints: Endpoints, programs: Sequence[Program]) -> Iterator[dict[Pair, Client]]:
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
        for program in programs:
            for subject, own in variables.items():
                exporting = {
                    "OTEL_SERVICE_NAME": f"{subject}-{program.name}",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": endpoints.grpc if subject == CONTRIB else endpoints.http,
                    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if subject == CONTRIB else "http/protobuf",
                    "OTEL_METRIC_EXPORT_INTERVAL": f"{INTERVAL_SECONDS * 1000:.0f}",
                }
                client = Client(program, None if own is None else exporting | dict(own))
                stack.callback(client.end)
                clients[program.name, subject] = client
        yield clients


def _counted(endpoint: str, service: str, metric: str) -> int:
    newest: dict[str, int] = {}
    for resource_metrics in kept(endpoint).resource_metrics:
        if any(pair.value.string_value == service for pair in resource_metrics.resource.attributes):
            for scope_metrics in resource_metrics.scope_metrics:
                for each in scope_metrics.metrics:
                    if each.name == metric:
                        newest |= {str(point.attributes): point.count for point in each.histogram.data_points}
                        newest |= {str(point.attributes): _whole(point) for point in each.sum.data_points}
    return sum(newest.values())


def _whole(point: NumberDataPoint) -> int:
    return point.as_int if point.HasField("as_int") else int(point.as_double)
