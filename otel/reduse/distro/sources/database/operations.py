"""The operations that a process has databases do, whichever driver does it."""

from collections.abc import Sequence

from reduse.distro.base.source import CollectedMetric, HistogramMetric
from reduse.distro.sources.database.aggregation import DURATION_BOUNDS, DatabaseAggregation
from reduse.distro.sources.instrumentation import Process

DURATION = "db.client.operation.duration"


class Operations:
    """The source of `db.client.operation.duration`. The first operation makes the process active."""

    def __init__(self, process: Process) -> None:
        self.aggregation = DatabaseAggregation(process.activate)

    def reset(self) -> None:
        """Start from nothing."""
        self.aggregation.reset()

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:  # noqa: ARG002 - as every source
        """Everything since the first operation."""
        states = self.aggregation.collect(previous)
        text = "Duration of database client operations."
        return [HistogramMetric(DURATION, text, "s", states, DURATION_BOUNDS)] if states else ()
