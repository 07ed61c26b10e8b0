"""What an exporter or a page for a scrape collects our metrics from.

Source: OpenTelemetry SDK specification, "MetricProducer".
"""

from collections.abc import Sequence
from typing import Protocol

from opentelemetry.sdk.metrics.export import Metric

from reduse.distro.base.clock import ExportTime
from reduse.distro.sources.users.backlog import Backlog


class MetricProducer(Protocol):
    """All that one process measures."""

    @property
    def active(self) -> bool:
        """Whether the process has done anything worth measuring."""

    @property
    def backlog(self) -> Backlog:
        """The users' deltas that are not delivered yet."""

    def activate(self) -> None:
        """The process does something worth measuring."""

    def next_time(self) -> ExportTime:
        """The time of an export that is made now. Not for several threads at once."""

    def collect(self, time: ExportTime) -> Sequence[Metric]:
        """The cumulative metrics at this time; the users' delta goes to the backlog."""
