"""What is sent, and what is answered, as plain values."""

from dataclasses import dataclass
from typing import Self

SECOND = 1_000_000_000
# In the place of a user.
ANONYMOUS = "-"
OVERFLOW = "+"


@dataclass(frozen=True)
class Point:
    """Requests of one user of one instance in [start, time), Unix ns, under one policy or none, throttled or not."""

    service: str
    instance: str
    start: int
    time: int
    user: str
    count: int
    microseconds: int
    policy: str = ""
    throttled: bool = False

    @property
    def stream(self) -> tuple[str, str]:
        return self.service, self.instance

    @property
    def request_class(self) -> tuple[str, bool]:
        return self.policy, self.throttled

    @property
    def key(self) -> tuple[str, str, int, int, str, str, bool]:
        """Two points with the same one are the same point, sent twice."""
        return self.service, self.instance, self.start, self.time, self.user, *self.request_class


# (name, attributes, sorted) -> value; None: the series has ended. A histogram is (bounds, buckets, sum).
Histogram = tuple[tuple[float, ...], tuple[int, ...], float]
Series = tuple[str, tuple[tuple[str, str], ...]]
Values = dict[Series, float | Histogram | None]


@dataclass(frozen=True)
class Answer:
    """All series of a service as of `time`; counters count since `started`."""

    service: str
    started: int
    time: int
    values: Values


@dataclass
class Tally:
    """What became of points."""

    counted: int = 0
    repeated: int = 0
    late: int = 0
    clipped: int = 0

    def __iadd__(self, other: "Tally") -> Self:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self
