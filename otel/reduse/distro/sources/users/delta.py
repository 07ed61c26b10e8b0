"""What each user sent between two exports."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import NamedTuple

from reduse.wire import shard_of


class UserPoint(NamedTuple):
    """Requests of one user and the seconds they took; `user` None is the unidentified ones.

    `overflow` marks the point that sums the users beyond the bound.
    """

    user: str | None
    requests: int
    seconds: float
    overflow: bool = False


@dataclass(frozen=True, slots=True)
class UserDelta:
    """The requests that ended in (start, end], nanoseconds of Unix time, by user. Never changed once made.

    `counts` and `seconds` have the same keys: pseudonyms. Two dictionaries of plain numbers instead of one of
    pairs, because the garbage collector need not look into them.
    """

    start: int
    end: int
    counts: dict[str, int]
    seconds: dict[str, float]
    unidentified: UserPoint
    overflow: UserPoint

    @property
    def users(self) -> int:
        """How many users are held."""
        return len(self.counts)

    @property
    def requests(self) -> int:
        """How many requests, whoever sent them."""
        return sum(self.counts.values()) + self.unidentified.requests + self.overflow.requests

    @property
    def point_count(self) -> int:
        """How many points `points` has in all."""
        return len(self.counts) + (1 if self.overflow.requests else 0) + 1

    def points(self, first: int, most: int) -> Iterator[UserPoint]:
        """At most `most` points from number `first` on, always in the same order, made one by one.

        The unidentified point is the last of all and always there, even with count 0: it tells the receiver that
        the instance is complete up to `end`.
        """
        seconds = self.seconds
        identified = (
            UserPoint(user, count, seconds[user]) for user, count in islice(self.counts.items(), first, first + most)
        )
        rest = [self.overflow, self.unidentified] if self.overflow.requests else [self.unidentified]
        return islice(chain(identified, rest[max(0, first - len(self.counts)) :]), most)


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
    counts: list[dict[str, int]] = [{} for _ in range(shards)]
    seconds: list[dict[str, float]] = [{} for _ in range(shards)]
    for user, count in delta.counts.items():
        shard = shard_of(user, shards)
        counts[shard][user] = count
        seconds[shard][user] = delta.seconds[user]
    first = replace(delta, counts=counts[0], seconds=seconds[0])
    return [
        first,
        *(
            UserDelta(delta.start, delta.end, counts[shard], seconds[shard], nothing(), nothing(overflow=True))
            for shard in range(1, shards)
        ),
    ]


def merge(older: UserDelta, newer: UserDelta, user_limit: int) -> UserDelta:
    """Both as one delta, of the same total. Users beyond `user_limit` go to overflow, the newer delta's first.

    Between the two the clock may have been set back: the start is before the end all the same.
    """
    counts, seconds = dict(older.counts), dict(older.seconds)
    overflow_count = older.overflow.requests + newer.overflow.requests
    overflow_seconds = older.overflow.seconds + newer.overflow.seconds
    for user, count in newer.counts.items():
        if user in counts:
            counts[user] += count
            seconds[user] += newer.seconds[user]
        elif len(counts) < user_limit:
            counts[user] = count
            seconds[user] = newer.seconds[user]
        else:
            overflow_count += count
            overflow_seconds += newer.seconds[user]
    return UserDelta(
        start=min(older.start, newer.start),
        end=newer.end,
        counts=counts,
        seconds=seconds,
        unidentified=UserPoint(
            None,
            older.unidentified.requests + newer.unidentified.requests,
            older.unidentified.seconds + newer.unidentified.seconds,
        ),
        overflow=UserPoint(None, overflow_count, overflow_seconds, overflow=True),
    )
