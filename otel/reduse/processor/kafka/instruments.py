"""What a worker tells of itself beside what every processor does (reduse.processor.instruments)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider

from reduse.processor.instruments import Tallies, Tally


@dataclass(slots=True)
class KafkaStatus:
    """Values of the moment, replaced as a whole."""

    # Records that wait, by topic and partition.
    lag: Mapping[tuple[str, int], int] = field(default_factory=dict)
    partitions: int = 0
    windows_waiting: int = 0


class KafkaInstruments:
    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter("reduse.processor.kafka")
        self.status = KafkaStatus()
        # Of the topics of exports and partials together: 0 until the brokers have told, and then for good.
        self.topic_partitions = 0
        # When the worker's loop turned last, in seconds of the monotonic clock: None before its first turn.
        self.turned: float | None = None
        # Do partitions come and go? Each is counted again from its last snapshot by whoever gets it.
        self.rebalances = Tally(
            meter, "reduse.processor.kafka.rebalances", "{rebalance}", "Assignments and revocations of partitions."
        )
        # How fast are they taken? Those that are counted again among them.
        self.records = Tally(meter, "reduse.processor.kafka.records", "{record}", "Records read.")
        # How much was counted again after a rebalance or a restart, without being said again.
        self.replayed = Tally(meter, "reduse.processor.kafka.replayed", "{record}", "Records counted again.")
        # What the broker deleted before it was counted: anything but 0 asks for a longer retention.
        self.lost = Tally(meter, "reduse.processor.kafka.lost", "{record}", "Records deleted before they were counted.")
        # Does the broker take commits? Those that failed are made again.
        self.failed_commits = Tally(meter, "reduse.processor.kafka.commits.failed", "{commit}", "Commits refused.")
        # Does what shards say arrive in time? What is late is counted in a later window.
        self.partials = Tallies(
            meter, "reduse.processor.kafka.partials", "{partial}", "Partial results of shards, by outcome.", "outcome"
        )
        for outcome in ("joined", "late", "repeated"):
            self.partials.add(0, outcome)
        # Is some shard missing? Its users are not in these windows.
        self.incomplete = Tally(
            meter, "reduse.processor.kafka.windows.incomplete", "{window}", "Windows closed without a shard."
        )
        meter.create_observable_gauge(
            "reduse.processor.kafka.windows.waiting",
            [lambda _: [Observation(self.status.windows_waiting)]],
            "{window}",
            "Windows that wait for a shard.",
        )
        # Are there workers enough? Rises while they are slower than what comes.
        meter.create_observable_gauge("reduse.processor.kafka.lag", [self._lag], "{record}", "Waiting records.")
        meter.create_observable_gauge(
            "reduse.processor.kafka.partitions",
            [lambda _: [Observation(self.status.partitions)]],
            "{partition}",
            "Partitions of this worker.",
        )
        # Has each of them a worker? As many as all workers have together, or some are taken by nobody.
        meter.create_observable_gauge(
            "reduse.processor.kafka.topic.partitions",
            [self._topic_partitions],
            "{partition}",
            "Partitions of the topics of exports and of partials.",
        )

        # Does the loop go round? While a partition's state is read it stands, and while something in it hangs.
        meter.create_observable_gauge(
            "reduse.processor.kafka.loop.age",
            [self._loop_age],
            "s",
            "Time since the loop of the worker last made progress.",
        )

    def turns(self, seconds: float) -> bool:
        """Whether the loop turned within so many seconds."""
        return self.turned is not None and time.monotonic() - self.turned < seconds

    def _loop_age(self, _: CallbackOptions) -> Iterable[Observation]:
        turned = self.turned
        return [] if turned is None else [Observation(time.monotonic() - turned)]

    def _topic_partitions(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self.topic_partitions)] if self.topic_partitions else []

    def _lag(self, _: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(lag, {"topic": topic, "partition": str(number)})
            for (topic, number), lag in self.status.lag.items()
        ]
