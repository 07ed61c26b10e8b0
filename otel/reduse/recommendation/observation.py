"""What each limit of a ladder would have done to a service over a window of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from reduse.limit import PolicyLimit

# Samples come once for each window of the processor.
RESOLUTION = 1
# Touched and active users are counted over this long, whatever the window asked for.
USERS_WINDOW = "1h"
USERS_WINDOW_SECONDS = 3600


Tried = float | PolicyLimit
"""A limit by which counters are told apart: in requests a second, of all requests to a service; or of a policy."""


def order_of(tried: Tried) -> tuple[float, float]:
    """Requests a second, then those at once: limits of a ladder rise by it."""
    return (tried.limit.per_second, tried.burst) if isinstance(tried, PolicyLimit) else (tried, 0.0)


def written(tried: Tried) -> str:
    """As people write it: `20/s`, `60/minute`."""
    return str(tried.limit) if isinstance(tried, PolicyLimit) else f"{tried:g}/s"


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """One limit of each user.

    `rejected` in requests, `touched` in distinct users of the largest hour that ends in the window, `peak` in requests
    that would be left in the busiest second.
    """

    tried: Tried
    rejected: int
    touched: int
    peak: int

    @property
    def limit(self) -> float:
        """In requests a second, in the long run."""
        return order_of(self.tried)[0]


@dataclass(frozen=True, slots=True)
class Observation:
    """A service over the window (`start`, `end`], Unix seconds.

    `first` and `last` are the seconds of the first and last sample in it. `burst` is in seconds: a bucket holds so much
    of its limit. `requests` are those of identified users, `all_requests` the anonymous too; `active` in distinct users
    of the largest hour that ends in the window, at least 1; `peak` in requests of the busiest second, all of them.
    `ladder` rises by limit. `incomplete` are limits that were not tried all the time, and so are not in it.

    `replayed` from the history, users are those of the whole window, `gaps` (from, to, why) are what is not recorded,
    and each limit has a burst of its own: `burst` is None.

    Of a `policy` all is about the requests of identified users under it, `all_requests` and `peak` too, and each limit
    has a burst of its own: `burst` is None.
    """

    service: str
    start: int
    end: int
    first: int
    last: int
    burst: float | None
    requests: int
    all_requests: int
    active: int
    peak: int
    ladder: Sequence[LimitEffect]
    incomplete: Sequence[Tried] = ()
    policy: str = ""
    replayed: bool = False
    gaps: Sequence[tuple[int, int, str]] = ()

    @property
    def window(self) -> int:
        """In seconds."""
        return self.end - self.start

    def touched_share(self, effect: LimitEffect) -> float:
        """Of the active users, 0 to 1."""
        return effect.touched / self.active

    def rejected_share(self, effect: LimitEffect) -> float:
        """Of the requests of identified users, 0 to 1; 0 when there were none."""
        return effect.rejected / self.requests if self.requests else 0.0

    def bucket(self, effect: LimitEffect) -> float:
        """Requests that a full bucket of this limit lets through at once; the model's buckets hold at least one."""
        if isinstance(effect.tried, PolicyLimit):
            return effect.tried.burst
        return max(1.0, effect.tried * (self.burst or 0.0))
