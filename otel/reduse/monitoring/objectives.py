"""What the company promises of its services: the part of requests that must be good, over thirty days."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What makes a request bad."""

    AVAILABILITY = "availability"
    """It was answered with 5xx."""
    LATENCY = "latency"
    """It took longer than the threshold."""


@dataclass(frozen=True, slots=True)
class Objective:
    """`target`: the part of requests that must be good, below 1. `threshold`: seconds, a bound of the histogram."""

    job: str
    service: str
    kind: Kind
    target: float
    threshold: float = 0.0

    @property
    def budget(self) -> float:
        """The part of requests that may be bad."""
        return 1 - self.target


OBJECTIVES: tuple[Objective, ...] = (
    Objective("shop-api", "Shop API", Kind.AVAILABILITY, 0.995),
    Objective("shop-api", "Shop API", Kind.LATENCY, 0.99, 0.5),
    Objective("crm-api", "CRM API", Kind.AVAILABILITY, 0.995),
    Objective("crm-api", "CRM API", Kind.LATENCY, 0.99, 0.5),
    Objective("mes-api", "MES API", Kind.AVAILABILITY, 0.995),
    # Price calculation is CPU work.
    Objective("mes-api", "MES API", Kind.LATENCY, 0.99, 1.0),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """Budget is spent `factor` times as fast as it may be, in both windows: the long one says that it matters, the
    short one that it still goes on (The Site Reliability Workbook, chapter 5)."""

    factor: float
    long: str
    short: str
    severity: str


BURNS: tuple[Burn, ...] = (
    # Two per cent of the budget of thirty days in an hour, five in six hours, ten in a day, ten in three days.
    Burn(14.4, "1h", "5m", "critical"),
    Burn(6, "6h", "30m", "critical"),
    Burn(3, "1d", "2h", "warning"),
    Burn(1, "3d", "6h", "warning"),
)

FEWEST_BAD_REQUESTS = 10
"""With fewer in the long window nobody is called: one failed request of a quiet night is not an incident."""
