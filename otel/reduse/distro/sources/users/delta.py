"""What each user sent between two exports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from reduse.distro.sources.users.load import Load
from reduse.wire import PLAIN, RequestClass, shard_of


class UserPoint(NamedTuple):
    """Requests of one user in one class and the seconds they took; `user` None is the unidentified ones.

    `overflow` marks the point that sums the users beyond the bound. It and that of the unidentified are in no class.
    """

    user: str | None
    requests: int
    seconds: float
    overflow: bool = False
    request_class: RequestClass = PLAIN


@dataclass(frozen=True, slots=True)
class UserDelta:
    """The requests that ended in (start, end], nanoseconds of Unix time, by class and user. Never changed once made."""

    start: int
    end: int
    identified: Mapping[RequestClass, Load]
    unidentified: UserPoint
    overflow: UserPoint

    @property
    def counts(self) -> dict[str, int]:
        """Requests by user, in all classes."""
        counts: dict[str, int] = {}
        for load in self.identified.values():
            for user, count in load.counts.items():
                counts[user] = counts.get(user, 0) + count
        return counts

    @property
    def loads(self) -> int:
        """How many are held: one for each user and class."""
        return sum(len(load.counts) for load in self.identified.values())

    @property
    def requests(self) -> int:
        """How many requests, whoever sent them."""
        identified = sum(sum(load.counts.values()) for load in self.identified.values())
        return identified + self.unidentified.requests + self.overflow.requests

    @property
    def point_count(self) -> int:
        """How many points `points` has in all."""
        return self.loads + (1 if self.overflow.requests else 0) + 1

    def points(self, first: int, most: int) -> Iterator[UserPoint]:
        """At most `most` points from number `first` on, always in the same order, made one by one.

        Those of a class follow each other. The unidentified point is the last of all and always there, even with
        count 0: it tells the receiver that the instance is complete up to `end`.
        """
        for request_class, load in self.identified.items():
            size = len(load.counts)
            if first < size:
                seconds = load.seconds
                for user, count in islice(load.counts.items(), first, first + most):
                    yield UserPoint(user, count, seconds[user], False, request_class)
                most -= min(size - first, most)
            first = max(0, first - size)
        rest = [self.overflow, self.unidentified] if self.overflow.requests else [self.unidentified]
        yield from rest[first : first + most]


def nothing(user: str | None = None, *, overflow: bool = False) -> UserPoint:
    """A point without requests."""
    return UserPoint(user, 0, 0.0, overflow)


def split(delta: UserDelta, shards: int) -> list[UserDelta]:
    """The delta as one for each shard, whose requests add up to those of the delta.

    Each has a point of unidentified requests, which says that all of its shard has been sent; those requests, and
    those of overflow, count in the first.
    """
    if shards == 1:
        return [delta]
    identified: list[dict[RequestClass, Load]] = [{} for _ in range(shards)]
    for request_class, load in delta.identified.items():
        parts = [Load() for _ in range(shards)]
        for user, count in load.counts.items():
            parts[shard_of(user, shards)].set(user, count, load.seconds[user])
        for shard, part in enumerate(parts):
            if part.counts:
                identified[shard][request_class] = part
    first = replace(delta, identified=identified[0])
    return [
        first,
        *(
            UserDelta(delta.start, delta.end, identified[shard], nothing(), nothing(overflow=True))
            for shard in range(1, shards)
        ),
    ]


def merge(older: UserDelta, newer: UserDelta, user_limit: int) -> UserDelta:
    """Both as one delta, of the same total. Users beyond `user_limit` go to overflow, the newer delta's first.

    Between the two the clock may have been set back: the start is before the end all the same.
    """
    identified = {
        request_class: Load(dict(load.counts), dict(load.seconds)) for request_class, load in older.identified.items()
    }
    overflow_count = older.overflow.requests + newer.overflow.requests
    overflow_seconds = older.overflow.seconds + newer.overflow.seconds
    known = set[str]().union(*(load.counts for load in identified.values()))
    for request_class, load in newer.identified.items():
        merged = identified.setdefault(request_class, Load())
        for user, count in load.counts.items():
            if user not in known:
                if len(known) >= user_limit:
                    overflow_count += count
                    overflow_seconds += load.seconds[user]
                    continue
                known.add(user)
            merged.set(user, merged.counts.get(user, 0) + count, merged.seconds.get(user, 0.0) + load.seconds[user])
    return UserDelta(
        start=min(older.start, newer.start),
        end=newer.end,
        identified={request_class: load for request_class, load in identified.items() if load.counts},
        unidentified=UserPoint(
            None,
            older.unidentified.requests + newer.unidentified.requests,
            older.unidentified.seconds + newer.unidentified.seconds,
        ),
        overflow=UserPoint(None, overflow_count, overflow_seconds, overflow=True),
    )
