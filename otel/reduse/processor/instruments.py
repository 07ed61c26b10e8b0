"""Every metric the processor has about itself, each with what it tells.

They are scraped from a port of their own, so that they can be seen when OTLP is down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider


@dataclass(slots=True)
class Status:
    """Values of the moment, replaced as a whole by the committer after each of its rounds."""

    # Seconds that event time lags behind now, by service that is heard.
    watermark_lag: dict[str, float] = field(default_factory=dict)
    streams: int = 0
    services: int = 0
    open_rows: int = 0
    repeat_bytes: int = 0
    state_bytes: int = 0
    outbox_payloads: int = 0
    outbox_bytes: int = 0
    outbox_dropped: int = 0
    users_dropped: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    quarantine_bytes: int = 0
    damaged: int = 0
    available: bool = True


class Tally:
    """A counter that is read when somebody scrapes: an SDK's takes microseconds for each addition.

    One thread adds to it.
    """

    def __init__(self, meter: Meter, name: str, unit: str, tells: str) -> None:
        self._count = 0
        meter.create_observable_counter(name, [self._observe], unit, tells)

    def add(self, amount: int) -> None:
        self._count += amount

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._count)]


class Tallies:
    """A `Tally` for each combination of the values of some attributes."""

    def __init__(self, meter: Meter, name: str, unit: str, tells: str, *attributes: str) -> None:
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._attributes = attributes
        meter.create_observable_counter(name, [self._observe], unit, tells)

    def add(self, amount: int, *values: str) -> None:
        self._counts[values] += amount

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        # A copy: another thread adds.
        return [
            Observation(count, dict(zip(self._attributes, map(str, values), strict=True)))
            for values, count in self._counts.copy().items()
        ]


class Instruments:
    """Counters are added to by whoever knows; gauges read `status`."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter("reduse.processor")
        self.status = Status()
        # Asked at each scrape: a disk that hangs keeps whoever would replace the status.
        self.writable: Callable[[], bool] = lambda: self.status.available

        # Is anything arriving? Rises by every point that is new, repeated or refused.
        self.received = Tally(meter, "reduse.processor.points.received", "{point}", "Points in requests.")
        # Does the agent retry much? Each was counted before and is not counted again.
        self.repeated = Tally(meter, "reduse.processor.points.duplicate", "{point}", "Points that were sent again.")
        # Is the order of time kept? These came after their window was closed and count in the next one.
        self.late = Tally(
            meter, "reduse.processor.points.late", "{point}", "Points that arrived after their window had closed."
        )
        # Does a service export too rarely? Only the end of their interval was used to spread them.
        self.clipped = Tally(meter, "reduse.processor.points.clipped", "{point}", "Points with too long an interval.")
        # Has a service more policies than it may have? These count for their users, and under no policy.
        self.beyond_policies = Tallies(
            meter,
            "reduse.processor.points.beyond_policies",
            "{point}",
            "Points counted under no policy because of the limit on policies.",
            "service",
        )
        # What is lost at the door, by `reason` and `service`: anything but 0 asks for a look at the sender.
        self.refused = Tallies(
            meter, "reduse.processor.points.refused", "{point}", "Points that were refused.", "reason", "service"
        )
        # Requests by `outcome`: accepted; unavailable (the sender comes again); malformed, too_large and unsupported
        # (lost by their sender's mistake); incomplete (no whole body came, over gRPC also one too large); failed (a
        # defect of ours). Connections turned away are unavailable too.
        self.requests = Tallies(meter, "reduse.processor.requests", "{request}", "Answered export requests.", "outcome")
        # How long until an effect is durable: a slow disk shows here first.
        self.commit = meter.create_histogram(
            "reduse.processor.commit.duration",
            "s",
            "Duration of a durable transaction.",
            explicit_bucket_boundaries_advisory=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
        )
        # How long counting stands still while the whole state is written.
        self.checkpoint = meter.create_histogram(
            "reduse.processor.checkpoint.duration",
            "s",
            "Duration of a snapshot.",
            explicit_bucket_boundaries_advisory=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        # Windows that became metrics.
        self.windows = meter.create_counter(
            "reduse.processor.emissions", "{emission}", "Windows that were closed and emitted."
        )
        # Does the gateway take it? By `outcome` = sent, retried or rejected (lost: the gateway will never take it).
        self.sent = meter.create_counter(
            "reduse.processor.payloads", "{payload}", "Payloads for the gateway, by outcome."
        )

        self._gauges(meter.create_observable_gauge)
        self._counters(meter.create_observable_counter)

    def _gauges(self, gauge: Callable[..., object]) -> None:
        # How old are the newest metrics? Rises when one live instance falls behind.
        gauge("reduse.processor.watermark.lag", [self._lag], "s", "Current time minus the watermark, by service.")
        self._value(gauge, "reduse.processor.streams", "{stream}", "Known instances.", lambda s: s.streams)
        self._value(gauge, "reduse.processor.services", "{service}", "Known services.", lambda s: s.services)
        self._value(
            gauge,
            "reduse.processor.core.window.rows",
            "{row}",
            "Users in open windows, not yet merged.",
            lambda s: s.open_rows,
        )
        self._value(
            gauge,
            "reduse.processor.core.repeats.size",
            "By",
            "Memory for the detection of repeats.",
            lambda s: s.repeat_bytes,
        )
        self._value(gauge, "reduse.processor.state.size", "By", "State on disk.", lambda s: s.state_bytes)
        # 0 while the disk takes no writes: requests are refused with UNAVAILABLE and kept by the agent.
        gauge(
            "reduse.processor.state.available",
            [lambda _: [Observation(int(self.writable()))]],
            "",
            "Whether the last write worked, and none hangs.",
        )
        # Rises while the gateway or Prometheus is away.
        self._value(
            gauge,
            "reduse.processor.outbox.depth",
            "{payload}",
            "Payloads that are not sent yet.",
            lambda s: s.outbox_payloads,
        )
        self._value(
            gauge, "reduse.processor.outbox.size", "By", "Bytes that are not sent yet.", lambda s: s.outbox_bytes
        )
        self._value(
            gauge,
            "reduse.processor.quarantine.size",
            "By",
            "Size of the quarantine on disk.",
            lambda s: s.quarantine_bytes,
        )

    def _counters(self, counter: Callable[..., object]) -> None:
        # Gaps in gauges: these windows will never be seen. Counters lose nothing.
        self._value(
            counter,
            "reduse.processor.outbox.dropped",
            "{payload}",
            "Payloads dropped because of the size limit.",
            lambda s: s.outbox_dropped,
        )
        # Users no longer told apart at a bound; their requests stay in the totals.
        self._value(
            counter,
            "reduse.processor.users.dropped",
            "{user}",
            "Users no longer distinguished because of a limit.",
            lambda s: s.users_dropped,
        )
        # 1 when this start found a damaged state file and set it aside.
        self._value(
            counter,
            "reduse.processor.state.damaged",
            "{state}",
            "Damaged states that were set aside.",
            lambda s: s.damaged,
        )
        # A defect of the processor met something, by `what`: it is set apart in the state folder, all else goes on.
        counter("reduse.processor.quarantined", [self._quarantined], "{record}", "Quarantined records.")
        # A plug-in with a defect, by `processor`.
        counter("reduse.processor.failures", [self._failures], "{failure}", "Exceptions of processors.")

    def _value(
        self, create: Callable[..., object], name: str, unit: str, tells: str, read: Callable[[Status], int]
    ) -> None:
        create(name, [lambda _: [Observation(read(self.status))]], unit, tells)

    def _lag(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(lag, {"service": name}) for name, lag in self.status.watermark_lag.items()]

    def _failures(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {"processor": name}) for name, count in self.status.failures.items()]

    def _quarantined(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {"what": what}) for what, count in self.status.quarantined.items()]
