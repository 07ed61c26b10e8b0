"""What each limit of a ladder would have done to a service over a window of time."""

from collections.abc import Sequence
from dataclasses import dataclass

# Samples come once for each window of the processor.
RESOLUTION = 1
# Touched and active users are counted over this long, whatever the window asked for.
USERS_WINDOW = "1h"
USERS_WINDOW_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """One limit, in requests a second of each user.

    `rejected` in requests, `touched` in distinct users of the largest hour that ends in the window, `peak` in requests
    that would be left in the busiest second.
    """

    limit: float
    rejected: int
    touched: int
    peak: int


@dataclass(frozen=True, slots=True)
class Observation:
    """A service over the window (`start`, `end`], Unix seconds.

    `first` and `last` are the seconds of the first and last sample in it. `burst` is in seconds: a bucket holds so much
    of its limit. `requests` are those of identified users, `all_requests` the anonymous too; `active` in distinct users
    of the largest hour that ends in the window, at least 1; `peak` in requests of the busiest second, all of them.
    `ladder` rises by limit. `incomplete` are limits that were not tried all the time, and so are not in it.
    """

    service: str
    start: int
    end: int
    first: int
    last: int
    burst: float
    requests: int
    all_requests: int
    active: int
    peak: int
    ladder: Sequence[LimitEffect]
    incomplete: Sequence[float] = ()

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
        return max(1.0, effect.limit * self.burst)
