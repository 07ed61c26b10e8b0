"""RED and the users' share of it, counted at the same place and the same instant."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from reduse.distro.base.aggregation import (
    Exemplar,
    HistogramAggregation,
    HistogramState,
    Key,
    SumAggregation,
    SumState,
)
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.sources.http.attributes import ACTIVE_ATTRIBUTES, DURATION_ATTRIBUTES
from reduse.distro.sources.users.delta import UserDelta, UserPoint
from reduse.distro.sources.users.load import UserLoads
from reduse.policies import PolicyOf

# Ended requests that wait to be counted, at most: of these an application waits for the count, a tenth of a
# millisecond.
BATCH = 128

_Ended = tuple[Key, float, str | None, Exemplar | None]


@dataclass(frozen=True, slots=True)
class HttpState:
    """All that was counted up to a collection: RED since the start, users since the collection before.

    `bounds`: of the durations' buckets, seconds.
    """

    durations: list[HistogramState]
    bounds: tuple[float, ...]
    active: list[SumState]
    users: UserDelta


class ActiveRequest(Protocol):
    """A request that is being served."""

    @property
    def active_attributes(self) -> Key:
        """Its values of ACTIVE_ATTRIBUTES."""


class HttpAggregation:
    """`http.server.request.duration`, `http.server.active_requests` and `reduse.user.request.duration`.

    One lock covers all three, so in any collection the users add up to what RED gained. At most `user_limit`
    users are kept between two collections; the requests of others go to overflow. `bounds`: of the durations'
    buckets, seconds, ascending. `policy_of`: the policy of a request, where the service has policies.

    A request takes no lock when it begins and ends: it joins a set, and leaves it for a queue. The queue is counted
    at each collection, and in between whenever it holds BATCH requests. One after another, they cost a fraction of
    what each would cost between two requests, when the processor's caches are full of the application.
    """

    def __init__(
        self, user_limit: int, bounds: tuple[float, ...] = DURATION_BOUNDS, policy_of: PolicyOf | None = None
    ) -> None:
        self._user_limit = user_limit
        self._bounds = bounds
        self._policy_of = policy_of
        self.reset()

    def reset(self) -> None:
        """Start from nothing, closed, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._active: set[ActiveRequest] = set()
        self._ended: list[_Ended] = []
        self._durations = HistogramAggregation(DURATION_ATTRIBUTES, self._bounds)
        self._active_sums = SumAggregation(ACTIVE_ATTRIBUTES)
        # Whether this process serves HTTP: a supervisor never does, and must not look like an instance. Each request
        # looks at it, so it is no property.
        self.is_open = False
        self._users = UserLoads(self._user_limit, self._policy_of)
        self._unidentified_count, self._unidentified_seconds = 0, 0.0

    def open(self) -> None:
        """The process serves HTTP from now on."""
        self.is_open = True

    def begin(self, request: ActiveRequest) -> None:
        """A request has come; it is active until it ends."""
        self._active.add(request)

    def deactivate(self, request: ActiveRequest) -> None:
        """A request is no longer active, and will be counted later, by `end`."""
        self._active.discard(request)

    def end(
        self, request: ActiveRequest, series: Key, seconds: float, user: str | None, exemplar: Exemplar | None = None
    ) -> None:
        """A request has ended after `seconds`; `series` follows DURATION_ATTRIBUTES, `user` is a pseudonym."""
        self._active.discard(request)
        ended = self._ended
        ended.append((series, seconds, user, exemplar))
        if len(ended) >= BATCH:
            with self._lock:
                self._count_ended()

    def _count_ended(self) -> None:
        """Count what is in the queue. Who calls this has the lock; meanwhile other threads put more behind it."""
        size = len(self._ended)
        batch = self._ended[:size]
        del self._ended[:size]
        by_series: defaultdict[Key, list[_Ended]] = defaultdict(list)
        for ended in batch:
            by_series[ended[0]].append(ended)
        for series, requests in by_series.items():
            _, seconds, users, exemplars = zip(*requests, strict=True)
            self._durations.observe_all(series, seconds)
            for exemplar in filter(None, exemplars):
                self._durations.exemplify(series, exemplar)
            if None in users:
                self._count_users_and_unidentified(series, requests)
            else:
                self._users.count(series, users, seconds)

    def _count_users_and_unidentified(self, series: Key, requests: list[_Ended]) -> None:
        unidentified = [seconds for _, seconds, user, _ in requests if user is None]
        self._unidentified_count += len(unidentified)
        self._unidentified_seconds += sum(unidentified)
        identified = [(user, seconds) for _, seconds, user, _ in requests if user is not None]
        if identified:
            self._users.count(series, *zip(*identified, strict=True))

    @property
    def uncollected(self) -> int:
        """Requests since the last collection."""
        with self._lock:
            self._count_ended()
            return self._users.requests + self._unidentified_count

    def collect(self, previous: int, end: int) -> HttpState | None:
        """Everything up to `end`, nanoseconds of Unix time; None while closed. The users start again from nothing.

        `previous` is the end of the collection before, at which the users' interval begins.
        """
        if not self.is_open:
            return None
        with self._lock:
            self._count_ended()
            durations = self._durations.states(previous)
            self._count_active(durations)
            identified, overflow = self._users.take()
            unidentified = UserPoint(None, self._unidentified_count, self._unidentified_seconds)
            self._unidentified_count, self._unidentified_seconds = 0, 0.0
            return HttpState(
                durations=durations,
                bounds=self._bounds,
                active=self._active_sums.states(previous),
                users=UserDelta(previous, end, identified, unidentified, UserPoint(None, *overflow, overflow=True)),
            )

    def _count_active(self, durations: list[HistogramState]) -> None:
        """Each series of active requests becomes how many there are; one without any stays, with 0."""
        counts: Counter[Key] = Counter(request.active_attributes for request in list(self._active))
        # Also those that came and ended between two collections.
        for ended in durations:
            key = tuple(map(ended.attributes.get, ACTIVE_ATTRIBUTES))
            if None not in key:
                counts.setdefault(key, 0)
        self._active_sums.set(counts)
