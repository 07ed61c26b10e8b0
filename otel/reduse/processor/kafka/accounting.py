"""What became of records, in the worker's own metrics and its log."""

from __future__ import annotations

from collections.abc import Mapping

from reduse.processor.accounting import PointAccounting
from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.kafka.partition import Step


class RecordAccounting:
    def __init__(self, instruments: Instruments, faults: Faults) -> None:
        self._instruments = instruments
        self._faults = faults
        self._points = PointAccounting(instruments, faults)

    def count(self, step: Step) -> None:
        if step.malformed is not None:
            self._instruments.requests.add(1, "malformed")
            self._faults.meet("records that are no export requests", str(step.malformed))
            return
        if step.apart:
            return
        if step.points:
            self._instruments.requests.add(1, "accepted")
        self._points.count(step.points, step.outcome, step.outcome.refusals)

    def defect(self, points: Mapping[str, int]) -> None:
        """A record that made the core raise, with so many points of each service."""
        self._instruments.requests.add(1, "failed")
        self._points.defect(points)
