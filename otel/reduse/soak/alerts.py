"""Which alerts came, and which of them have no business to fire any more."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reduse import duration
from reduse.soak.watched import Seen

# They speak of users and limits, which the load gives reason for, and not of faults.
OF_THE_LOAD = frozenset(
    {
        "Watchdog",
        "UserTakesUnfairShare",
        "LimitWouldRefuse",
        "PolicyLimitWouldRefuse",
        "LimitNoLongerFits",
    }
)
_WINDOW = re.compile(r'window="(\w+)"')
# An alert on a budget asks its window and a twelfth of it: it ends when the shorter one has passed.
SHORT_WINDOWS = 12


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert with the first and the last Unix time at which it was seen, and how often."""

    name: str
    first: float
    last: float
    times: int


def fired(seen: Iterable[Seen]) -> list[Fired]:
    """All but those of the load, in the order in which they came."""
    found: dict[str, list[float]] = {}
    for each in seen:
        for name in each.alerts:
            if of_faults(name):
                found.setdefault(name, []).append(each.at)
    return [Fired(name, times[0], times[-1], len(times)) for name, times in found.items()]


def of_faults(name: str) -> bool:
    return name.partition("{")[0] not in OF_THE_LOAD


def may_stay(name: str, since_fault: float) -> bool:
    """Whether it still speaks of faults that ended so many seconds ago: objectives look back for longer than others."""
    found = _WINDOW.search(name)
    window = duration.parse(found[1], ("m", "h", "d")) if found else None
    return window is not None and since_fault < window / SHORT_WINDOWS + 60
