"""RED and the users' share of it, counted at the same place and the same instant."""

from dataclasses import dataclass
from threading import Lock

from reduse.distro.base.aggregation import (
    Exemplar,
    HistogramAggregation,
    HistogramState,
    Key,
    Sum,
    SumAggregation,
    SumState,
)
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.sources.http.attributes import ACTIVE_ATTRIBUTES, DURATION_ATTRIBUTES
from reduse.distro.sources.users.delta import UserDelta, UserPoint, nothing


@dataclass(frozen=True, slots=True)
class HttpState:
    """All that was counted up to a collection: RED since the start, users since the collection before.

    `bounds`: of the durations' buckets, seconds.
    """

    durations: list[HistogramState]
    bounds: tuple[float, ...]
    active: list[SumState]
    users: UserDelta


class HttpAggregation:
    """`http.server.request.duration`, `http.server.active_requests` and `reduse.user.request.duration`.

    One lock covers all three, so in any collection the users add up to what RED gained. At most `user_limit`
    users are kept between two collections; the requests of others go to overflow. `bounds`: of the durations'
    buckets, seconds, ascending.
    """

    def __init__(self, user_limit: int, bounds: tuple[float, ...] = DURATION_BOUNDS) -> None:
        self._user_limit = user_limit
        self._bounds = bounds
        self.reset()

    def reset(self) -> None:
        """Start from nothing, closed, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._durations = HistogramAggregation(DURATION_ATTRIBUTES, self._bounds)
        self._active = SumAggregation(ACTIVE_ATTRIBUTES)
        # Whether this process serves HTTP: a supervisor never does, and must not look like an instance. Each request
        # looks at it, so it is no property.
        self.is_open = False
        self._forget_users()

    def _forget_users(self) -> None:
        self._counts: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._unidentified_count, self._unidentified_seconds = 0, 0.0
        self._overflow_count, self._overflow_seconds = 0, 0.0

    def open(self) -> None:
        """The process serves HTTP from now on."""
        self.is_open = True

    def begin(self, method: str, scheme: str) -> Sum:
        """A request has come; gives the sum in which it is active until it ends."""
        with self._lock:
            active = self._active.series((method, scheme))
            active.value += 1
            return active

    def deactivate(self, active: Sum) -> None:
        """A request is no longer active and will be counted later, by `end` with a sum that nobody reads."""
        with self._lock:
            active.value -= 1

    def end(self, active: Sum, series: Key, seconds: float, user: str | None) -> None:
        """A request has ended after `seconds`; `series` follows DURATION_ATTRIBUTES, `user` is a pseudonym."""
        with self._lock:
            active.value -= 1
            self._durations.observe(series, seconds)
            if user is None:
                self._unidentified_count += 1
                self._unidentified_seconds += seconds
                return
            counts = self._counts
            count = counts.get(user)
            if count is not None:
                counts[user] = count + 1
                self._seconds[user] += seconds
            elif len(counts) < self._user_limit:
                counts[user] = 1
                self._seconds[user] = seconds
            else:
                self._overflow_count += 1
                self._overflow_seconds += seconds

    def exemplify(self, series: Key, exemplar: Exemplar) -> None:
        """The request that has just ended in this series has a sampled span."""
        with self._lock:
            self._durations.exemplify(series, exemplar)

    @property
    def uncollected(self) -> int:
        """Requests since the last collection."""
        with self._lock:
            return sum(self._counts.values()) + self._unidentified_count + self._overflow_count

    def collect(self, previous: int, end: int) -> HttpState | None:
        """Everything up to `end`, nanoseconds of Unix time; None while closed. The users start again from nothing.

        `previous` is the end of the collection before, at which the users' interval begins.
        """
        if not self.is_open:
            return None
        with self._lock:
            state = HttpState(
                durations=self._durations.states(previous),
                bounds=self._bounds,
                active=self._active.states(previous),
                users=UserDelta(
                    start=previous,
                    end=end,
                    counts=self._counts,
                    seconds=self._seconds,
                    unidentified=UserPoint(None, self._unidentified_count, self._unidentified_seconds),
                    overflow=(
                        UserPoint(None, self._overflow_count, self._overflow_seconds, overflow=True)
                        if self._overflow_count
                        else nothing(overflow=True)
                    ),
                ),
            )
            self._forget_users()
            return state
