"""Deltas on their way to the agent: in order, each sent again unchanged until it has arrived, within a bound."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from reduse.distro.sources.users.delta import UserDelta, UserPoint, merge, split

HELD_EXPORTS = 300


@dataclass(frozen=True, slots=True)
class Batch:
    """`size` points of one delta, from number `first` on, that go out in one message; all users are of one shard."""

    delta: UserDelta
    first: int
    size: int
    shard: int
    shards: int

    def points(self) -> Iterator[UserPoint]:
        """The points, made one by one; the same at every call."""
        return self.delta.points(self.first, self.size)


@dataclass(slots=True)
class _Held:
    delta: UserDelta
    # By shard, from the first attempt on.
    parts: list[UserDelta] = field(default_factory=list)
    parts_sent: int = 0
    points_sent: int = 0

    @property
    def attempted(self) -> bool:
        return bool(self.parts)


class Backlog:
    """Deltas not yet delivered, oldest first.

    A delta that was attempted may have arrived although its reply did not: it is never changed again, so that the
    receiver knows the repeat by its start and time. At most the oldest is in that state. Behind it, at most
    `user_limit` loads of users in at most `export_limit` deltas wait; beyond that the oldest of the waiting are merged,
    which `merged` counts and which keeps the total exact. When all are merged, at most `user_limit` users wait, each
    with a load in every class of their requests. A delta goes out shard by shard.
    """

    def __init__(self, user_limit: int, export_limit: int = HELD_EXPORTS, shards: int = 1) -> None:
        self._user_limit = user_limit
        self._shards = shards
        self._export_limit = export_limit
        self._lock = Lock()
        self._held: deque[_Held] = deque()
        self._merged = 0

    @property
    def merged(self) -> int:
        """How many deltas were merged into the one before them, since the start."""
        return self._merged

    def __len__(self) -> int:
        return len(self._held)

    @property
    def requests(self) -> int:
        """Requests in the deltas that are held."""
        with self._lock:
            return sum(held.delta.requests for held in self._held)

    def add(self, delta: UserDelta) -> None:
        """Put a new delta behind the others, then bring the waiting ones within the bound."""
        with self._lock:
            self._held.append(_Held(delta))
            first = 1 if self._held[0].attempted else 0
            while self._beyond_bound(first) and len(self._held) - first > 1:
                held = list(self._held)
                held[first : first + 2] = [_Held(merge(held[first].delta, held[first + 1].delta, self._user_limit))]
                self._held = deque(held)
                self._merged += 1

    def _beyond_bound(self, first: int) -> bool:
        waiting = list(self._held)[first:]
        return len(waiting) > self._export_limit or sum(held.delta.loads for held in waiting) > self._user_limit

    def next(self, most_points: int) -> Batch | None:
        """What must go out next; from now on its delta will not change. None when all is delivered."""
        with self._lock:
            if not self._held:
                return None
            held = self._held[0]
            if not held.attempted:
                held.parts = split(held.delta, self._shards)
            part = held.parts[held.parts_sent]
            size = min(most_points, part.point_count - held.points_sent)
            return Batch(part, held.points_sent, size, held.parts_sent, self._shards)

    def delivered(self, batch: Batch) -> None:
        """The batch that `next` gave has arrived."""
        with self._lock:
            held = self._held[0]
            held.points_sent += batch.size
            if held.points_sent == batch.delta.point_count:
                held.parts_sent, held.points_sent = held.parts_sent + 1, 0
            if held.parts_sent == len(held.parts):
                self._held.popleft()

    def clear(self) -> None:
        """Forget everything, as a forked child must: the deltas are its parent's."""
        self._lock = Lock()
        self._held.clear()
        self._merged = 0
