"""Whether files stay within their bounds: of each folder of the state its greatest and its last size."""

from collections.abc import Iterable
from dataclasses import dataclass

from reduse.soak.watched import Seen

MIB = 2**20
# MiB that a folder may have at any time, and at the end. None: it is the company's own, or grows by its retention.
PEAKS: dict[str, tuple[float, float] | None] = {
    # The queues' bounds, twice while the file is compacted.
    "agent-queue": (64.0, 32.0),
    # The outbox' bound, and the state.
    "processor": (512.0, 96.0),
    # REDUSE_PROCESSOR_HISTORY_BYTES.
    "history": (1024.0, 1024.0),
    # 10 MB thrice of each part.
    "log": (512.0, 512.0),
    "alertmanager": (16.0, 16.0),
}
# Prometheus: what it may grow in an hour, in MiB, beside its first log segments.
PROMETHEUS = "prometheus"
PROMETHEUS_FIRST = 256.0
PROMETHEUS_HOUR = 192.0
MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one folder: MiB at most and at the end, files at the end; and the bounds of the first two, in MiB."""

    folder: str
    peak: float
    last: float
    files: int
    bounds: tuple[float, float] | None

    @property
    def passed(self) -> bool:
        if self.bounds is None:
            return True
        return self.peak <= self.bounds[0] and self.last <= self.bounds[1] and self.files <= MOST_FILES


def judged(seen: Iterable[Seen]) -> list[Growth]:
    """Of every folder, by name."""
    found: dict[str, list[tuple[float, int, int]]] = {}
    for each in seen:
        for folder, (size, files) in each.sizes.items():
            found.setdefault(folder, []).append((each.at, size, files))
    return [_of_folder(folder, course) for folder, course in sorted(found.items())]


def _of_folder(folder: str, course: list[tuple[float, int, int]]) -> Growth:
    bounds = PEAKS.get(folder)
    if folder == PROMETHEUS:
        hours = (course[-1][0] - course[0][0]) / 3600
        bounds = (PROMETHEUS_FIRST + PROMETHEUS_HOUR * hours,) * 2
    _, last, files = course[-1]
    return Growth(folder, max(size for _, size, _ in course) / MIB, last / MIB, files, bounds)
