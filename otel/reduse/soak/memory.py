"""Whether memory is flat: by linear regression over each life of a process, after it has warmed up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression

from reduse.soak.watched import Seen

HOUR = 3600.0
MIB = 2**20
# A life shorter than this says nothing, and its begin is left out.
WARM_UP_SECONDS = 120.0
LEAST_SECONDS = 180.0
# Below it, all lives together, a slope is shown and not judged.
JUDGED_SECONDS = 1800.0
# What a part may grow in an hour, and what it may have at all, in MiB.
SLOPE = 24.0
SLOPES = {
    # Its head holds two hours of samples before the first of them are written out.
    "prometheus": 192.0,
}
PEAK = 512.0
PEAKS = {
    # Each has a memory limiter at 400 MiB of heap.
    "agent": 640.0,
    "gateway": 640.0,
    "processor": 768.0,
    "prometheus": 2048.0,
}


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one part: MiB at most, MiB more an hour, and over how many seconds that was seen."""

    part: str
    peak: float
    slope: float
    seconds: float

    @property
    def bounds(self) -> tuple[float, float]:
        """Of peak and slope."""
        return PEAKS.get(self.part, PEAK), SLOPES.get(self.part, SLOPE)

    @property
    def passed(self) -> bool:
        peak, slope = self.bounds
        return self.peak <= peak and (self.seconds < JUDGED_SECONDS or self.slope <= slope)


def courses(seen: Iterable[Seen]) -> Mapping[str, Sequence[Sequence[tuple[float, int]]]]:
    """By part, for each of its lives time and bytes, in order."""
    lives: dict[str, dict[int, list[tuple[float, int]]]] = defaultdict(lambda: defaultdict(list))
    for each in seen:
        for part, (pid, size) in each.memory.items():
            lives[part][pid].append((each.at, size))
    return {part: list(of_part.values()) for part, of_part in lives.items()}


def judged(seen: Iterable[Seen]) -> list[Memory]:
    """Of every part, by name. The slope is the mean over its lives, each by its length."""
    return [_of_part(part, lives) for part, lives in sorted(courses(seen).items())]


def _of_part(part: str, lives: Sequence[Sequence[tuple[float, int]]]) -> Memory:
    peak = max(size for life in lives for _, size in life)
    weighted = total = 0.0
    for life in lives:
        warm = [(at, size) for at, size in life if at - life[0][0] >= WARM_UP_SECONDS]
        if len(warm) < 2 or (length := warm[-1][0] - warm[0][0]) < LEAST_SECONDS:
            continue
        times, sizes = zip(*warm, strict=True)
        weighted += linear_regression(times, sizes).slope * length
        total += length
    return Memory(part, peak / MIB, weighted / total * HOUR / MIB if total else 0.0, total)
