"""Whether memory is flat: by linear regression over the whole soak, of processes that have warmed up.

Faults end processes every few minutes: what grows from one life to the next is seen as well as what grows in one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression

from reduse.soak.watched import Seen

HOUR = 3600.0
MIB = 2**20
# The begin of each life is left out.
WARM_UP_SECONDS = 120.0
# From the first sample to the last: below it a slope is none, and below the second it is shown and not judged.
LEAST_SECONDS = 300.0
JUDGED_SECONDS = 3600.0
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
    """Of one part: MiB at most, MiB more an hour, and over how many seconds that was seen (0: too few)."""

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
    """Of every part, by name."""
    return [_of_part(part, lives) for part, lives in sorted(courses(seen).items())]


def _of_part(part: str, lives: Sequence[Sequence[tuple[float, int]]]) -> Memory:
    peak = max(size for life in lives for _, size in life) / MIB
    warm = [(at, size) for life in lives for at, size in life if at - life[0][0] >= WARM_UP_SECONDS]
    length = max(at for at, _ in warm) - min(at for at, _ in warm) if warm else 0.0
    if length < LEAST_SECONDS:
        return Memory(part, peak, 0.0, 0.0)
    times, sizes = zip(*warm, strict=True)
    return Memory(part, peak, linear_regression(times, sizes).slope * HOUR / MIB, length)
