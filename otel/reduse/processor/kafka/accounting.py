"""What became of records, in the worker's own metrics and its log."""

from __future__ import annotations

from collections.abc import Mapping

from reduse.processor.accounting import PointAccounting
from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.kafka.instruments import KafkaInstruments
from reduse.processor.kafka.partition import Step

WITHOUT_SHARDS = "a partition has no worker or is far behind, or a sender leaves out shards of its exports"


class RecordAccounting:
    def __init__(self, instruments: Instruments, kafka: KafkaInstruments, faults: Faults) -> None:
        self._instruments = instruments
        self._kafka = kafka
        self._faults = faults
        self._points = PointAccounting(instruments, faults)

    def count(self, step: Step) -> None:
        if step.malformed is not None:
            self._instruments.requests.add(1, "malformed")
            self._faults.meet("records that do not belong to their topic", str(step.malformed))
            return
        if step.apart:
            return
        self._kafka.partials.add(step.taken - step.late - step.repeated, "joined")
        self._kafka.partials.add(step.late, "late")
        self._kafka.partials.add(step.repeated, "repeated")
        if step.incomplete:
            self._kafka.incomplete.add(step.incomplete)
            self._faults.meet("windows closed without a shard of their service", WITHOUT_SHARDS, step.incomplete)
        if step.points:
            self._instruments.requests.add(1, "accepted")
        self._points.count(step.points, step.outcome, step.outcome.refusals)

    def defect(self, points: Mapping[str, int]) -> None:
        """A record that made the core raise, with so many points of each service."""
        self._instruments.requests.add(1, "failed")
        self._points.defect(points)
