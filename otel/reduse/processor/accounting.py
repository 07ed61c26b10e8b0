"""What became of points, in the processor's own metrics and its log; the same for each host."""

from __future__ import annotations

from collections.abc import Mapping

from reduse.processor.core.engine import Outcome
from reduse.processor.core.refusal import Refusals
from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments

# Services that are told apart where refusals are counted; what others were refused is counted together.
SERVICES_LIMIT = 100
OTHER_SERVICES = "other"
NO_SERVICE = "unknown"
# The reason of points that made the core raise.
DEFECT = "defect"


class PointAccounting:
    def __init__(self, instruments: Instruments, faults: Faults) -> None:
        self._instruments = instruments
        self._faults = faults
        self._services: set[str] = set()

    def count(self, received: int, outcome: Outcome, refusals: Refusals) -> None:
        """So many points came; `refusals`: of those that came to the core, and of those that did not."""
        instruments = self._instruments
        instruments.received.add(received)
        instruments.repeated.add(outcome.repeated)
        instruments.late.add(outcome.late)
        instruments.clipped.add(outcome.clipped)
        for service, count in outcome.beyond_policies.items():
            instruments.beyond_policies.add(count, self._told_apart(service))
        for (service, reason), count in refusals.counts.items():
            name = self._told_apart(service)
            instruments.refused.add(count, reason.value, name)
            self._faults.meet(f"refused points of the service {name}, {reason.value}", reason.cure, count)

    def defect(self, points: Mapping[str, int]) -> None:
        """So many points of each service made the core raise."""
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
