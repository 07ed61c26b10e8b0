"""What a processor tells of its history, beside the rest (reduse.processor.instruments)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider

from reduse.processor.history.status import Status

# Why a window is not kept: no room on the disk, a folder that cannot be used, a defect.
REASONS = ("disk", "folder", "defect")


class HistoryInstruments:
    def __init__(self, provider: MeterProvider, status: Status) -> None:
        meter = provider.get_meter("reduse.processor.history")

        def read(of: Callable[[Status], int]) -> list[Callable[[CallbackOptions], Iterable[Observation]]]:
            return [lambda _: [Observation(of(status))]]

        gauge, counter = meter.create_observable_gauge, meter.create_observable_counter
        # How near is the bound? Beyond it the oldest files go.
        gauge("reduse.processor.history.size", read(lambda s: s.size), "By", "Bytes on disk.")
        # How far back can be asked? Nothing without any file.
        gauge(
            "reduse.processor.history.oldest",
            [lambda _: [] if status.oldest is None else [Observation(status.oldest)]],
            "s",
            "Unix time of the hour of the oldest file.",
        )
        counter("reduse.processor.history.windows", read(lambda s: s.windows), "{window}", "Windows recorded.")
        counter("reduse.processor.history.rows", read(lambda s: s.rows), "{row}", "Rows recorded.")
        # What will be missing, by `reason`: anything but 0 asks for a look at the disk.
        counter(
            "reduse.processor.history.windows.dropped",
            [lambda _: [Observation(status.dropped[reason], {"reason": reason}) for reason in REASONS]],
            "{window}",
            "Windows that were not recorded.",
        )
        # Do journals become Parquet files? What does not stays in its journal, which is larger.
        counter(
            "reduse.processor.history.failures", read(lambda s: s.failures), "{failure}", "Parquet files not written."
        )
        counter(
            "reduse.processor.history.removed",
            read(lambda s: s.removed),
            "{file}",
            "Files deleted because of the limits.",
        )
