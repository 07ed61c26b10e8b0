"""The real processor process behind its own server, everything on disk before it is answered."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from benchmarks.distro.cpu import cpu_nanoseconds, pin
from benchmarks.distro.services import sink
from benchmarks.distro.sink import kept
from benchmarks.processor.export_client import ExportClient
from benchmarks.processor.traffic import Slice
from tests.processor.process import running

SERVED_DURABLE = "served_durable"
SERVED_WITH_HISTORY = "served_with_history"
IN_FLIGHT = 8

_COUNTER = "reduse.user.requests"
# Each joins what was emitted within a commit or more: the newest are among the last few.
_KEPT_MESSAGES = 20
_ARRIVAL_SECONDS = 30.0
_POLL_SECONDS = 0.05
_NANOSECONDS = 1_000_000_000


class Served:
    """Default settings, but for the history; `core` is where the processor runs, its client and the receiver stay where
    this process is."""

    def __init__(self, folder: Path, core: int | None, *, history: bool = False) -> None:
        self._folder = folder
        self._core = core
        self._settings = {} if history else {"HISTORY_BYTES": "0"}
        self._stack = ExitStack()
        self._sent = 0

    def __enter__(self) -> Self:
        self._folder.mkdir(exist_ok=True)
        with ExitStack() as stack:
            self._receiver, _ = stack.enter_context(sink(self._folder, _KEPT_MESSAGES))
            processor = stack.enter_context(
                running(self._folder / "processor", self._receiver.port, 0, 0, **self._settings)
            )
            self._pid = processor.process.pid
            if self._core is not None:
                pin(self._pid, self._core)
            self._client = stack.enter_context(ExportClient(processor.port))
            self._senders = stack.enter_context(ThreadPoolExecutor(IN_FLIGHT))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def measure(self, load: Slice) -> float:
        """Data points a second of CPU of the whole process, until the metrics of the last window have arrived.

        Raises:
            RuntimeError: it refused something, or did not count what it was sent.
        """
        before = cpu_nanoseconds(self._pid)
        self._send(body for second in load.seconds for body in second.bodies)
        self._send(load.closing.bodies)
        self._sent += load.requests
        self._wait_for_metrics()
        return load.points * _NANOSECONDS / (cpu_nanoseconds(self._pid) - before)

    @property
    def cpu_nanoseconds(self) -> int:
        """Of the whole process, its start included."""
        return cpu_nanoseconds(self._pid)

    def _send(self, bodies: Iterable[bytes]) -> None:
        for answer in self._senders.map(self._client.export, bodies):
            response = ExportMetricsServiceResponse.FromString(answer)
            if response.HasField("partial_success"):
                raise RuntimeError(f"the processor refused points: {response.partial_success.error_message}")

    def _wait_for_metrics(self) -> None:
        deadline = time.monotonic() + _ARRIVAL_SECONDS
        while (counted := requests_in(kept(self._receiver.url))) != self._sent:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the processor counted {counted} of {self._sent} requests")
            time.sleep(_POLL_SECONDS)


def requests_in(metrics: ExportMetricsServiceRequest) -> int:
    """The newest count of all requests."""
    by_time: dict[int, int] = {}
    for resource_metrics in metrics.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                if metric.name == _COUNTER:
                    total = sum(point.as_int for point in metric.sum.data_points)
                    by_time[metric.sum.data_points[0].time_unix_nano] = total
    return by_time[max(by_time)] if by_time else 0
