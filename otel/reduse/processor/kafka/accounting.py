"""What became of records, in the worker's own metrics and its log."""

from __future__ import annotations

from collections.abc import Mapping

from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.kafka.partition import Step

# Services that are told apart where refusals are counted; what others were refused is counted together.
SERVICES_LIMIT = 100
OTHER_SERVICES = "other"
NO_SERVICE = "unknown"
# The reason of points that made the core raise.
DEFECT = "defect"


class Accounting:
    def __init__(self, instruments: Instruments, faults: Faults) -> None:
        self._instruments = instruments
        self._faults = faults
        self._services: set[str] = set()

    def count(self, step: Step) -> None:
        instruments, outcome = self._instruments, step.outcome
        if step.malformed is not None:
            instruments.requests.add(1, "malformed")
            self._faults.meet("records that are no export requests", str(step.malformed))
            return
        if step.apart:
            return
        if step.points:
            instruments.requests.add(1, "accepted")
            instruments.received.add(step.points)
        instruments.repeated.add(outcome.repeated)
        instruments.late.add(outcome.late)
        instruments.clipped.add(outcome.clipped)
        for (service, reason), count in outcome.refusals.counts.items():
            name = self._told_apart(service)
            instruments.refused.add(count, reason.value, name)
            self._faults.meet(f"refused points of the service {name}, {reason.value}", reason.cure, count)

    def defect(self, points: Mapping[str, int]) -> None:
        """A record that made the core raise, with so many points of each service."""
        self._instruments.requests.add(1, "failed")
        for service, count in points.items():
            self._instruments.refused.add(count, DEFECT, self._told_apart(service))

    def _told_apart(self, service: str) -> str:
        """The name, as far as there is room for it; what is no text for a line of a log or a page is replaced."""
        name = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in service) or NO_SERVICE
        if name not in self._services:
            if len(self._services) >= SERVICES_LIMIT:
                return OTHER_SERVICES
            self._services.add(name)
        return name
