"""What users sent, by user and by class of request: under which policy, and whether it was throttled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import add

from reduse.distro.base.aggregation import Key
from reduse.policies import PolicyOf
from reduse.wire import PLAIN, THROTTLED, RequestClass

# Places in DURATION_ATTRIBUTES.
METHOD, ROUTE, STATUS = 0, 1, 2

# More than methods, routes and statuses of most services; beyond, the class is found anew for each request.
REMEMBERED_SERIES = 4096


@dataclass(frozen=True, slots=True)
class Load:
    """Requests and seconds of users, by pseudonym: both have the same keys.

    Two dictionaries of plain numbers instead of one of pairs, because the garbage collector need not look into them.
    """

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def set(self, user: str, count: int, seconds: float) -> None:
        """What a user sent."""
        self.counts[user] = count
        self.seconds[user] = seconds

    def add(self, users: Sequence[str], seconds: Sequence[float]) -> None:
        """A request of each of these users, who may be the same, and the time that it took.

        All of it runs in C, at a tenth of what a loop takes. A sum is made when the one before it has been stored.
        """
        self.counts.update(zip(users, map(add, map(self.counts.get, users, repeat(0)), repeat(1)), strict=False))
        self.seconds.update(zip(users, map(add, map(self.seconds.get, users, repeat(0.0)), seconds), strict=False))


class LoadOfSeries(dict[Key, Load]):
    """The load that a request counts in, by its series of `http.server.request.duration`: found once for each series,
    and then a look-up that costs as much as one in any dictionary."""

    def __init__(self, find: Callable[[Key], Load]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, series: Key) -> Load:
        load = self._find(series)
        if len(self) < REMEMBERED_SERIES:
            self[series] = load
        return load


class UserLoads:
    """What users sent since it was last taken: at most `limit` users are told apart, whoever comes later is overflow.

    Without policies all requests are of one class, but for those that were answered with 429. Not for several threads
    at once.
    """

    __slots__ = (
        "_classes",
        "_has_policies",
        "_known",
        "_limit",
        "_loads",
        "_of_series",
        "_overflow",
        "_plain",
        "_policy_of",
    )

    def __init__(self, limit: int, policy_of: PolicyOf | None = None) -> None:
        self._limit = limit
        self._policy_of = policy_of
        self._has_policies = policy_of is not None
        # The policy of a series does not change; beyond so many it is found anew.
        self._classes: dict[Key, RequestClass] = {}
        self._forget()

    def _forget(self) -> None:
        self._plain = Load()
        self._of_series = LoadOfSeries(self._find)
        self._loads = {PLAIN: self._plain}
        # Whoever is told apart, once there is a second class: until then those of the plain one are.
        self._known: set[str] | None = None
        self._overflow = (0, 0.0)

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(sum(load.counts.values()) for load in self._loads.values()) + self._overflow[0]

    def count(self, series: Key, users: Sequence[str], seconds: Sequence[float]) -> None:
        """Requests of one series of `http.server.request.duration`: the user of each, and the time that it took."""
        is_plain = not self._has_policies and series[STATUS] != THROTTLED
        load = self._plain if is_plain else self._of_series[series]
        told_apart = self._plain.counts if self._known is None else self._known
        if len(told_apart) + len(users) <= self._limit:
            load.add(users, seconds)
            if self._known is not None:
                self._known.update(users)
            return
        for user, of_request in zip(users, seconds, strict=True):
            if user in load.counts or self._is_told_apart(user):
                load.add((user,), (of_request,))
            else:
                requests, before = self._overflow
                self._overflow = (requests + 1, before + of_request)

    def _is_told_apart(self, user: str) -> bool:
        if self._known is None:
            return len(self._plain.counts) < self._limit
        if user not in self._known:
            if len(self._known) >= self._limit:
                return False
            self._known.add(user)
        return True

    def _find(self, series: Key) -> Load:
        request_class = self._classes.get(series)
        if request_class is None:
            request_class = self._class_of(series)
            if len(self._classes) < REMEMBERED_SERIES:
                self._classes[series] = request_class
        load = self._loads.get(request_class)
        if load is None:
            load = self._loads[request_class] = Load()
            if self._known is None:
                self._known = set(self._plain.counts)
        return load

    def _class_of(self, series: Key) -> RequestClass:
        method, route = str(series[METHOD]), series[ROUTE]
        policy = self._policy_of(method, None if route is None else str(route)) if self._policy_of else None
        return RequestClass(policy or "", series[STATUS] == THROTTLED)

    def take(self) -> tuple[dict[RequestClass, Load], tuple[int, float]]:
        """The load of each class that has any, and requests and seconds of overflow; counting begins anew."""
        loads = {request_class: load for request_class, load in self._loads.items() if load.counts}
        overflow = self._overflow
        self._forget()
        return loads, overflow
