"""What a fault may cost: requests that a service had answered, and that only its own memory knew of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reduse.soak.counted import Sent


@dataclass(frozen=True, slots=True)
class Loss:
    """Requests that `service` answered between two Unix times may not be counted; no more than those."""

    service: str
    begin: float
    end: float
    why: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def allowed(losses: Iterable[Loss], sent: Sent) -> Mapping[tuple[str, int], int]:
    """By service and status, how many requests at most were answered in any of these times."""
    seconds = {(loss.service, second) for loss in losses for second in range(int(loss.begin), int(loss.end) + 1)}
    found = Counter[tuple[str, int]]()
    for (service, second, status), number in sent.seconds.items():
        if (service, second) in seconds:
            found[service, status] += number
    return found
