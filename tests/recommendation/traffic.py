"""Traffic of known users through token buckets written as plainly as can be: what all figures are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

HOUR = 3600


@dataclass(frozen=True)
class Traffic:
    """Requests of each user in each second from `start` on, and anonymous ones; every user has as many seconds."""

    start: int
    users: Mapping[str, Sequence[int]]
    anonymous: Sequence[int] = field(default_factory=tuple)

    @property
    def seconds(self) -> range:
        """Ends of the windows, Unix seconds."""
        length = max((len(counts) for counts in self.users.values()), default=len(self.anonymous))
        return range(self.start + 1, self.start + 1 + length)

    def count(self, user: str, second: int) -> int:
        return self.users[user][second - self.start - 1]

    def unknown(self, second: int) -> int:
        return self.anonymous[second - self.start - 1] if self.anonymous else 0

    def only(self, users: Sequence[str]) -> "Traffic":
        """What the processor sees that owns these users; the first has the anonymous too."""
        anonymous = self.anonymous if list(users) == sorted(self.users)[: len(users)] else ()
        return Traffic(self.start, {user: self.users[user] for user in users}, anonymous)


def rejections(counts: Sequence[int], limit: float, burst: float) -> list[int]:
    """Of one user's requests in each second, those that the limit refuses."""
    rate = Fraction(str(limit))
    capacity = max(Fraction(1), rate * Fraction(str(burst)))
    tokens, refused = capacity, []
    for count in counts:
        tokens += rate
        taken = min(count, int(tokens))
        refused.append(count - taken)
        tokens = min(capacity, tokens - taken)
    return refused


def rejected(traffic: Traffic, limit: float, burst: float) -> dict[str, list[int]]:
    """Rejections of every user in each second."""
    return {user: rejections(counts, limit, burst) for user, counts in traffic.users.items()}


def distinct(events: Mapping[str, Sequence[int]]) -> list[int]:
    """For each second, users with anything in the hour that ends with it."""
    length = max((len(values) for values in events.values()), default=0)
    last: dict[str, int] = {}
    found = []
    for index in range(length):
        last.update({user: index for user, values in events.items() if values[index]})
        found.append(sum(seen > index - HOUR for seen in last.values()))
    return found
