"""Rounds: in each, every subject takes the next slice of the same traffic, one after another in a new order."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks.distro.estimate import CONFIDENCE_PERCENT, Estimate, estimate
from benchmarks.processor.served import SERVED_DURABLE, SERVED_WITH_HISTORY
from benchmarks.processor.subjects import Subject
from benchmarks.processor.traffic import ROTATION_SECONDS, Traffic

Ratio = tuple[float, float, float]

# A snapshot of the state, or a file of the history, comes once in a few rounds: a median would leave it out.
_UNEVEN = frozenset({SERVED_DURABLE, SERVED_WITH_HISTORY})
_RESAMPLES = 2000
_SEED = 1
_TAILS = ((100 - CONFIDENCE_PERCENT) / 2, (100 + CONFIDENCE_PERCENT) / 2)


@dataclass
class Measurement:
    """Data points a second of CPU, by subject, round by round."""

    dps: dict[str, list[float]] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return max(map(len, self.dps.values()), default=0)

    def add(self, name: str, dps: float) -> None:
        self.dps.setdefault(name, []).append(dps)

    def estimate(self, name: str) -> Estimate | None:
        """Its median; None when it was not measured."""
        return estimate(self.dps[name]) if name in self.dps else None

    def overall(self, name: str) -> float:
        """All data points over all CPU seconds: the rounds have as many points each."""
        return float(_overall(np.array([self.dps[name]]))[0])

    def ratio(self, upper: str, lower: str) -> Ratio | None:
        """What one gets out of a second over what another does, and the ends of its interval of 95 %.

        Medians; beside what differs from round to round by its nature all rounds together, for both: a slow moment of
        the machine must not count for one of them alone. None when one was not measured.
        """
        if upper not in self.dps or lower not in self.dps:
            return None
        rounds = len(self.dps[upper])
        # The same rounds of both at each draw: what they have in common stays so. The first row is the sample itself.
        drawn = np.random.default_rng(_SEED).integers(0, rounds, (_RESAMPLES, rounds))
        rows = np.vstack([np.arange(rounds), drawn])
        typical = _overall if {upper, lower} & _UNEVEN else _median
        value, *others = typical(np.array(self.dps[upper])[rows]) / typical(np.array(self.dps[lower])[rows])
        low, high = np.percentile(others, _TAILS)
        return float(value), float(low), float(high)


def _median(dps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    medians: npt.NDArray[np.float64] = np.median(dps, axis=1)
    return medians


def _overall(dps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    overall: npt.NDArray[np.float64] = 1 / np.mean(1 / dps, axis=1)
    return overall


@dataclass(frozen=True)
class Limits:
    """At most so many rounds, none begun after so many seconds; one at least."""

    rounds: int
    seconds: float


def measure_rounds(
    subjects: Mapping[str, Subject],
    traffic: Traffic,
    slice_seconds: int,
    limits: Limits,
    report: Callable[[Measurement], None],
) -> Measurement:
    """Measure until a limit is reached, after one slice that is not: all users in it, imports, connections, series.

    Raises:
        RuntimeError: a subject has not counted what it was sent.
    """
    first = traffic.slice(ROTATION_SECONDS)
    for subject in subjects.values():
        subject.measure(first)
    del first
    measured = Measurement()
    deadline = time.monotonic() + limits.seconds
    order = list(subjects)
    while order and measured.rounds < limits.rounds and (not measured.rounds or time.monotonic() < deadline):
        load = traffic.slice(slice_seconds)
        random.shuffle(order)
        for name in order:
            measured.add(name, subjects[name].measure(load))
        report(measured)
    return measured
