"""What watched services send: exports of many users, encoded by the distro, the same bodies at every run."""

from dataclasses import dataclass

import numpy as np
from opentelemetry.sdk.resources import Resource

from reduse.distro.export.exporter import POINTS_PER_REQUEST
from reduse.distro.export.user_encoding import encode_users
from reduse.distro.sources.users.backlog import Backlog
from reduse.distro.sources.users.delta import UserDelta, UserPoint, nothing
from reduse.distro.sources.users.load import Load
from reduse.wire import PLAIN, ShardNumber

SECOND = 1_000_000_000
SERVICE = "mes-api"
USER_ATTRIBUTE = "user.hash"

# A user is active in one second of these, and then again.
ROTATION_SECONDS = 10
INSTANCES = 2

_SEED = 1
_UNIDENTIFIED = UserPoint(None, 50, 1.0)
# Requests of a user in a second follow a power law: 61 % of the users send one, one in a hundred sixty or more.
_EXPONENT = 2.0
_MOST_REQUESTS = 1000
# Of durations, which are log-normal.
_MEDIAN_SECONDS = 0.02
_SIGMA = 0.7


@dataclass(frozen=True)
class Second:
    """What all instances export for one second: request bodies in their order, data points, requests counted.

    `shards`: of which shard each body is. The points are those of one shard: each shard more has one more of an export.
    """

    bodies: tuple[bytes, ...]
    points: int
    requests: int
    shards: tuple[ShardNumber, ...]


@dataclass(frozen=True)
class Slice:
    """Some seconds in a row, and one without users, after which every window before it is complete."""

    seconds: tuple[Second, ...]
    closing: Second

    @property
    def bodies(self) -> list[bytes]:
        return [body for second in (*self.seconds, self.closing) for body in second.bodies]

    @property
    def points(self) -> int:
        return sum(second.points for second in (*self.seconds, self.closing))

    @property
    def requests(self) -> int:
        return sum(second.requests for second in (*self.seconds, self.closing))

    def head(self, seconds: int) -> "Slice":
        """Only the first seconds of it."""
        return Slice(self.seconds[:seconds], self.closing)


class Traffic:
    """`users` in all: a tenth of them in each second, shared out to the instances, each user at one of them.

    Instances export at different moments of the second. `begin` is the event time of the first second (Unix ns).
    With `shards` a service splits its users as REDUSE_USER_SHARDS has it.
    """

    def __init__(self, users: int, begin: int, shards: int = 1) -> None:
        self.users = users
        self._shards = shards
        self.users_per_export = users // ROTATION_SECONDS // INSTANCES
        self._begin = begin
        self._seconds = 0
        numbers = np.random.default_rng(_SEED).integers(0, 2**64, users, np.uint64)
        self._users = [f"{number:016x}" for number in numbers.tolist()]
        self._resources = [
            Resource({"service.name": SERVICE, "service.instance.id": f"instance-{number}"})
            for number in range(INSTANCES)
        ]

    def slice(self, seconds: int) -> Slice:
        """The next seconds of event time, and the one without users."""
        return Slice(tuple(self.second() for _ in range(seconds)), self._next_second(with_users=False))

    def second(self) -> Second:
        """The next second of event time."""
        return self._next_second(with_users=True)

    def _next_second(self, *, with_users: bool) -> Second:
        bodies: list[tuple[ShardNumber, bytes]] = []
        points = requests = 0
        for instance, resource in enumerate(self._resources):
            start = self._begin + self._seconds * SECOND + instance * SECOND // INSTANCES
            delta = self._delta(instance, start) if with_users else _idle(start)
            bodies += _encoded(resource, delta, self._shards)
            points += delta.point_count
            requests += delta.requests
        self._seconds += 1
        shards, encoded = zip(*bodies, strict=True)
        return Second(encoded, points, requests, shards)

    def _delta(self, instance: int, start: int) -> UserDelta:
        size = self.users_per_export
        first = (self._seconds % ROTATION_SECONDS * INSTANCES + instance) * size
        users = self._users[first : first + size]
        random = np.random.default_rng((_SEED, self._seconds, instance))
        counts = np.minimum(random.zipf(_EXPONENT, size), _MOST_REQUESTS)
        seconds = counts * random.lognormal(np.log(_MEDIAN_SECONDS), _SIGMA, size)
        return UserDelta(
            start,
            start + SECOND,
            {
                PLAIN: Load(
                    dict(zip(users, counts.tolist(), strict=True)), dict(zip(users, seconds.tolist(), strict=True))
                )
            },
            _UNIDENTIFIED,
            nothing(overflow=True),
        )


def _idle(start: int) -> UserDelta:
    return UserDelta(start, start + SECOND, {}, nothing(), nothing(overflow=True))


def _encoded(resource: Resource, delta: UserDelta, shards: int) -> list[tuple[ShardNumber, bytes]]:
    """The bodies that the distro's exporter sends for one delta, each with its shard."""
    backlog = Backlog(user_limit=delta.loads + 1, shards=shards)
    backlog.add(delta)
    bodies = []
    while (batch := backlog.next(POINTS_PER_REQUEST)) is not None:
        body = encode_users(resource, delta.start, delta.end, batch.points(), USER_ATTRIBUTE, _go_on)
        bodies.append((ShardNumber(batch.shard, batch.shards), body))
        backlog.delivered(batch)
    return bodies


def _go_on(_seconds: float) -> None:
    """No thread waits for this one."""
