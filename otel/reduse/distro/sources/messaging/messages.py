"""The messages that a process sends and consumes, whichever client library does it."""

from collections.abc import Sequence

from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.base.source import CollectedMetric, HistogramMetric, SumMetric
from reduse.distro.sources.instrumentation import Process
from reduse.distro.sources.messaging.aggregation import MessagingAggregation, MessagingState


class Messages:
    """The source of the messaging metrics. The first message makes the process active."""

    def __init__(self, process: Process) -> None:
        self.aggregation = MessagingAggregation(process.activate)

    def reset(self) -> None:
        """Start from nothing."""
        self.aggregation.reset()

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:  # noqa: ARG002 - as every source
        """Everything since the first message."""
        state = self.aggregation.collect(previous)
        return () if state is None else messaging_metrics(state)


def messaging_metrics(state: MessagingState) -> list[CollectedMetric]:
    """The metrics of a state, those without any series left out."""
    metrics: list[CollectedMetric] = []
    if state.sent:
        name, text = "messaging.client.sent.messages", "Number of messages producer attempted to send to the broker."
        metrics.append(SumMetric(name, text, "{message}", state.sent, monotonic=True))
    if state.consumed:
        name, text = "messaging.client.consumed.messages", "Number of messages that were delivered to the application."
        metrics.append(SumMetric(name, text, "{message}", state.consumed, monotonic=True))
    if state.operations:
        name, text = "messaging.client.operation.duration", "Duration of messaging operation initiated by a client."
        metrics.append(HistogramMetric(name, text, "s", state.operations, DURATION_BOUNDS))
    if state.process:
        name, text = "messaging.process.duration", "Duration of processing operation."
        metrics.append(HistogramMetric(name, text, "s", state.process, DURATION_BOUNDS))
    return metrics
