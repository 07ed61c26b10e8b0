"""What a service has more when it is instrumented, beside the time of its requests: memory, threads, a later start.

Each start is a process of its own, one subject after another, so that what is compared is within a few seconds.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks.distro.load import Load
from benchmarks.distro.services import sink
from benchmarks.distro.subjects import BARE, CONTRIB, INTERVAL_SECONDS, OURS, OURS_BY_PATH, Subject

STARTS = 7

_REQUESTS = 2000
_EXPORTS = 2
_BYTES_PER_MB = 1_000_000
_MS_PER_SECOND = 1000


@dataclass(frozen=True)
class Footprint:
    """Of one process: resident memory in MB and threads after some exports; until it listens, milliseconds of time and
    of CPU, both with those of `opentelemetry-instrument`, where it starts a second interpreter.
    """

    memory_mb: float
    threads: float
    start_ms: float
    start_cpu_ms: float

    def beyond(self, other: "Footprint") -> "Footprint":
        """What this one has more."""
        return Footprint(
            self.memory_mb - other.memory_mb,
            self.threads - other.threads,
            self.start_ms - other.start_ms,
            self.start_cpu_ms - other.start_cpu_ms,
        )


def measure_footprints(
    subjects: Sequence[Subject], folder: Path, starts: int, after_start: Callable[[int], None]
) -> dict[str, Footprint]:
    """What ours and contrib's have more than the bare application, the median over the starts of the difference.

    Ours also as it starts by PYTHONPATH, as the OpenTelemetry operator does it.
    """
    compared = [subject for subject in subjects if subject.name in (BARE, OURS, CONTRIB)]
    compared += [replace(subject, name=OURS_BY_PATH, launched=False) for subject in subjects if subject.name == OURS]
    added: dict[str, list[Footprint]] = {subject.name: [] for subject in compared if subject.name != BARE}
    for number in range(1, starts + 1):
        found = {subject.name: _footprint(subject, folder) for subject in compared}
        for name, each in added.items():
            each.append(found[name].beyond(found[BARE]))
        after_start(number)
    return {name: _median(each) for name, each in added.items()}


def _footprint(subject: Subject, folder: Path) -> Footprint:
    with sink(folder) as (_, endpoints):
        server = subject.server(endpoints, folder / "footprint.log")
        started = time.perf_counter()
        with server:
            start_ms = (time.perf_counter() - started) * _MS_PER_SECOND
            process = psutil.Process(server.pid)
            cpu = process.cpu_times()
            with Load(server.port) as load:
                load.send(_REQUESTS)
            time.sleep(_EXPORTS * INTERVAL_SECONDS)
            return Footprint(
                process.memory_info().rss / _BYTES_PER_MB,
                process.num_threads(),
                start_ms,
                (cpu.user + cpu.system) * _MS_PER_SECOND,
            )


def _median(footprints: Sequence[Footprint]) -> Footprint:
    return Footprint(
        statistics.median(each.memory_mb for each in footprints),
        statistics.median(each.threads for each in footprints),
        statistics.median(each.start_ms for each in footprints),
        statistics.median(each.start_cpu_ms for each in footprints),
    )
