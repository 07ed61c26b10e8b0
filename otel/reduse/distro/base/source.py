"""What an instrumentation counts into, and what it has counted as metrics that know no SDK."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reduse.distro.base.aggregation import HistogramState, SumState


@dataclass(frozen=True, slots=True)
class HistogramMetric:
    """All series of one cumulative histogram; `bounds`: of its buckets, in its unit."""

    name: str
    description: str
    unit: str
    states: Sequence[HistogramState]
    bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SumMetric:
    """All series of one cumulative sum; `monotonic`: it never falls."""

    name: str
    description: str
    unit: str
    states: Sequence[SumState]
    monotonic: bool


@dataclass(frozen=True, slots=True)
class GaugeMetric:
    """All series of a gauge; their starts mean nothing."""

    name: str
    description: str
    unit: str
    states: Sequence[SumState]


CollectedMetric = HistogramMetric | SumMetric | GaugeMetric


class Source(Protocol):
    """What is counted of one subject in one process, whichever instrumentations count it.

    A process has one of each kind, so that no metric is reported twice.
    """

    def reset(self) -> None:
        """Start from nothing, with locks of its own: in a forked child, whose parent reports what was counted."""

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:
        """The metrics up to `end`, nanoseconds of Unix time; `previous`: the end of the collection before.

        Nothing as long as nothing was counted: a process that does not do a thing must not look as if it did.
        """
