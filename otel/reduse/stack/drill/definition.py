"""What a drill is; with `reduse.stack.drill.faults` what a company's own drills are made of."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor

Fault = Callable[[Installation, Supervisor], AbstractContextManager[None]]
"""The fault is made when its block is entered, and mended at its end, however that comes."""

ALONE = "all of it"
"""The lane of a fault that takes away what all others need."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault, and labels of the alert that it must raise.

    `lane`: what the fault touches, in any words. Drills of different lanes do not disturb each other.
    """

    name: str
    lane: str
    description: str
    alert: str
    fault: Fault
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> dict[str, str]:
        return {"alertname": self.alert, **self.labels}
