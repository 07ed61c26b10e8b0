"""CPU, memory, threads, open files and garbage collection of the process.

Names, units and attributes are those of contrib's system-metrics instrumentation, which would bring psutil with it and
looks at the machine too: that is the collector's to watch, once, and not each worker's.

Source: OpenTelemetry semantic conventions, "Process metrics" and "CPython metrics"; proc(5), "/proc/pid/stat".
"""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import NamedTuple

from reduse.distro.base.aggregation import SumState
from reduse.distro.base.source import CollectedMetric, GaugeMetric, SumMetric
from reduse.distro.sources.instrumentation import Instrumentation, Process

NAME = "system_metrics"

_STAT = Path("/proc/self/stat")
_DESCRIPTORS = "/proc/self/fd"

# proc(5) counts from 1, and the first two fields are left out here: a program's name may have anything in it.
_THREADS, _VIRTUAL, _RESIDENT = 20 - 3, 23 - 3, 24 - 3

# The attributes of a series are the same object in each collection.
_NONE: dict[str, str | int | bool] = {}
_USER: dict[str, str | int | bool] = {"type": "user"}
_SYSTEM: dict[str, str | int | bool] = {"type": "system"}
_GENERATIONS: tuple[dict[str, str | int | bool], ...] = tuple({"cpython.gc.generation": number} for number in range(3))

_COLLECTIONS = (
    (
        "cpython.gc.collections",
        "collections",
        "{collection}",
        "The number of times a generation was collected since interpreter start.",
    ),
    (
        "cpython.gc.collected_objects",
        "collected",
        "{object}",
        "The total number of objects collected since interpreter start.",
    ),
    (
        "cpython.gc.uncollectable_objects",
        "uncollectable",
        "{object}",
        "The total number of uncollectable objects found since interpreter start.",
    ),
)


class ProcessState(NamedTuple):
    """Of the process, now: memory in bytes."""

    threads: int
    descriptors: int
    virtual: int
    resident: int


def process_state() -> ProcessState | None:
    """What the kernel says; None where there is no /proc."""
    try:
        fields = _STAT.read_bytes().rpartition(b")")[2].split()
        # The descriptor by which the folder is read is one of them.
        descriptors = len(os.listdir(_DESCRIPTORS)) - 1  # noqa: PTH208 - the names are enough
        pages = int(fields[_RESIDENT])
        return ProcessState(
            int(fields[_THREADS]), descriptors, int(fields[_VIRTUAL]), pages * os.sysconf("SC_PAGE_SIZE")
        )
    except (OSError, ValueError, IndexError):
        return None


class ProcessMetrics:
    """The source of `process.*` and `cpython.gc.*`: of the process that calls, in a forked child of the child."""

    def __init__(self, _process: Process | None = None) -> None:
        self.reset()

    def reset(self) -> None:
        """Compare with nothing: for a forked child."""
        self._last: tuple[float, float] | None = None

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:  # noqa: ARG002 - as every source
        """All of them; those of the kernel where there is one that tells."""
        usage = getrusage(RUSAGE_SELF)
        metrics: list[CollectedMetric] = [
            SumMetric(
                "process.cpu.time",
                "Total CPU seconds broken down by different states.",
                "s",
                [SumState(_USER, previous, usage.ru_utime), SumState(_SYSTEM, previous, usage.ru_stime)],
                monotonic=True,
            )
        ]
        metrics += self._utilization(perf_counter(), usage.ru_utime + usage.ru_stime, previous)
        state = process_state()
        if state is not None:
            metrics += _of_kernel(state, previous)
        if sys.implementation.name == "cpython":
            metrics += _garbage_collection(previous)
        return metrics

    def _utilization(self, now: float, cpu: float, previous: int) -> Iterator[CollectedMetric]:
        """The part of the machine that was used since the collection before; nothing at the first."""
        last, self._last = self._last, (now, cpu)
        if last is None or now <= last[0]:
            return
        used = (cpu - last[1]) / (now - last[0]) / (os.cpu_count() or 1)
        text = (
            "Difference in process.cpu.time since the last measurement, divided by the elapsed time and number of CPUs."
        )
        yield GaugeMetric("process.cpu.utilization", text, "1", [SumState(_NONE, previous, used)])


def _of_kernel(state: ProcessState, previous: int) -> Iterator[CollectedMetric]:
    for name, text, unit, value in (
        ("process.memory.usage", "The amount of physical memory in use.", "By", state.resident),
        ("process.memory.virtual", "The amount of committed virtual memory.", "By", state.virtual),
        ("process.thread.count", "Process threads count.", "{thread}", state.threads),
        (
            "process.open_file_descriptor.count",
            "Number of file descriptors in use by the process.",
            "{file_descriptor}",
            state.descriptors,
        ),
    ):
        yield SumMetric(name, text, unit, [SumState(_NONE, previous, value)], monotonic=False)


def _garbage_collection(previous: int) -> Iterator[CollectedMetric]:
    statistics = gc.get_stats()
    for name, key, unit, text in _COLLECTIONS:
        states = [
            SumState(attributes, previous, each[key])
            for attributes, each in zip(_GENERATIONS, statistics, strict=False)
        ]
        yield SumMetric(name, text, unit, states, monotonic=True)


def _start(process: Process) -> None:
    process.on_activation(lambda: process.source(ProcessMetrics))


PROCESS_METRICS = Instrumentation(NAME, _start, supersedes=frozenset({NAME}))
