"""What limiters would have done: the answer of a replay."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from reduse.history.plan import Gap
from reduse.what_if.columns import Int64, UInt64
from reduse.what_if.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the clock (UTC), or the part of it that was asked for: from `start` (Unix s) on.

    `rejected` of `requests`, `touched` of `active` users.
    """

    start: int
    requests: int
    rejected: int
    active: int
    touched: int


@dataclass(frozen=True, slots=True)
class TouchedUser:
    """A user (the 16 hex digits of `user.hash`) of whose `requests` some were `rejected`."""

    user: str
    requests: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What one limiter would have done. `peak_left` in requests of all users in the busiest second that was left, at
    `peak_at` (Unix s); `seconds_saved` of the server's time."""

    limiter: Limiter
    rejected: int
    touched: int
    peak_left: int
    peak_at: int
    seconds_saved: float
    hours: Sequence[Hour]
    # Those with the most requests rejected come first; as many as were asked for.
    users: Sequence[TouchedUser]
    # Of every user with requests, in the order of `Answer.users`.
    rejected_by_user: Int64 = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Of [start, end) (Unix s): `requests` of `active` identified users that the limiters were tried on, of
    `all_requests` of the service; `peak` of all of these, in the busiest second, at `peak_at`; `seconds` of the
    server's time for `requests`.

    `warmed_up_from` is the second from which on the limiters saw requests before those that are counted.
    `throttled` requests are those that the service answered with 429. `gaps` are what is not recorded.
    """

    service: str
    policy: str | None
    start: int
    end: int
    warmed_up_from: int
    requests: int
    all_requests: int
    active: int
    throttled: int
    peak: int
    peak_at: int
    seconds: float
    effects: Sequence[Effect]
    gaps: Sequence[Gap] = ()
    users: UInt64 = field(default_factory=lambda: np.empty(0, np.uint64), repr=False, compare=False)
    # In their order; and by hour as in `Effect.hours`.
    throttled_by_user: Int64 = field(default_factory=lambda: np.empty(0, np.int64), repr=False, compare=False)
    throttled_by_hour: Sequence[int] = ()

    def rejected_share(self, effect: Effect) -> float:
        """Of the requests, 0 to 1; 0 when there were none."""
        return effect.rejected / self.requests if self.requests else 0.0

    def touched_share(self, effect: Effect) -> float:
        """Of the active users, 0 to 1; 0 when there were none."""
        return effect.touched / self.active if self.active else 0.0
