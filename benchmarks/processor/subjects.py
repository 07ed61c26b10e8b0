"""What is compared, started side by side; whoever is not asked waits and costs next to nothing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.distro.cpu import pin, two_cores
from benchmarks.processor.memory import BYTES_PER_USER
from benchmarks.processor.prometheus_way import PROMETHEUS_WAY, RULE_SECONDS, PrometheusWay, lacks_parts
from benchmarks.processor.served import SERVED_DURABLE, SERVED_WITH_HISTORY, Served
from benchmarks.processor.small_windows import SMALL_WINDOWS
from benchmarks.processor.traffic import Slice
from benchmarks.processor.worker import DECODE_TO_STATE, PARSE_ONLY, PEER, PYTHON_LOOP, Worker, lacks_peer

TITLES = {
    PARSE_ONLY: "parsed by protobuf, nothing else",
    DECODE_TO_STATE: "this processor, bytes to state",
    SERVED_DURABLE: "this processor, served and durable",
    SERVED_WITH_HISTORY: "the same, with the history of users' requests",
    PYTHON_LOOP: "a Python loop that counts",
    PEER: "bytewax that counts",
    PROMETHEUS_WAY: "a series for each user: collector and Prometheus",
}
NAMES = (*TITLES, BYTES_PER_USER, SMALL_WINDOWS)


@dataclass(frozen=True)
class Sizes:
    """Users in all, and of them in Prometheus; seconds of event time in a slice, and of writing to Prometheus."""

    users: int = 1_000_000
    prometheus_users: int = 200_000
    slice_seconds: int = 8
    prometheus_seconds: int = RULE_SECONDS
    memory_seconds: int = 60


class Subject(Protocol):
    """One way to count users."""

    def measure(self, load: Slice) -> float:
        """Data points a second of CPU.

        Raises:
            RuntimeError: it has not counted what it was sent.
        """


def missing(names: Sequence[str]) -> dict[str, str]:
    """Those of `names` that cannot be measured here, and why."""
    reasons = {PEER: lacks_peer, PROMETHEUS_WAY: lacks_parts}
    found = {name: reasons[name]() for name in names if name in reasons}
    return {name: reason for name, reason in found.items() if reason is not None}


@contextmanager
def running(names: Sequence[str], folder: Path, sizes: Sizes) -> Iterator[Mapping[str, Subject]]:
    """Start the subjects: they have one core, and this process and the receivers another.

    Raises:
        RuntimeError: one does not start.
    """
    cores = two_cores()
    measured = cores[0] if cores else None
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        if cores:
            pin(os.getpid(), cores[1])
            stack.callback(os.sched_setaffinity, 0, before)
        subjects: dict[str, Subject] = {}
        for name in names:
            if name in (SERVED_DURABLE, SERVED_WITH_HISTORY):
                served = Served(folder / name, measured, history=name == SERVED_WITH_HISTORY)
                subjects[name] = stack.enter_context(served)
            elif name == PROMETHEUS_WAY:
                way = PrometheusWay(folder, measured, sizes.prometheus_users, sizes.prometheus_seconds)
                subjects[name] = stack.enter_context(way)
            else:
                subjects[name] = stack.enter_context(Worker(name, measured))
        yield subjects
