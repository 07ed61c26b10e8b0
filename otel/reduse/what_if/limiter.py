"""The limiter that is asked about: its limit, its burst, of what kind it is, and how many of it there are."""

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from reduse.limit import Limit

# Beyond it a limiter's own memory is the question.
MOST_INSTANCES = 64


class Kind(StrEnum):
    """How a limiter counts."""

    TOKEN_BUCKET = "token-bucket"  # noqa: S105 - tokens of a bucket
    FIXED_WINDOW = "fixed-window"
    MOVING_WINDOW = "moving-window"


@dataclass(frozen=True, slots=True)
class Limiter:
    """One limit of each user, and the limiter that has it.

    `burst` is in requests: what a full bucket lets through at once. A moving window is as long as the limit takes to
    let so many through, and lets so many through in it; a fixed window is the limit's period, and has no burst.
    `instances` count each for itself, and share the requests of a user evenly.
    """

    limit: Limit
    burst: float
    kind: Kind = Kind.TOKEN_BUCKET
    instances: int = 1

    @property
    def per_second(self) -> float:
        return self.limit.per_second

    @property
    def capacity(self) -> float:
        """Of a bucket, in requests: it holds at least one."""
        return max(1.0, self.burst)

    @property
    def window(self) -> "Window":
        """Of a limiter that counts in windows."""
        if self.kind is Kind.FIXED_WINDOW:
            return Window(math.floor(self.limit.requests), int(self.limit.period))
        # As written: 0.1 is a tenth, not the nearest binary fraction.
        rate = Fraction(str(self.limit.requests)) / int(self.limit.period)
        return moving_window(rate, Fraction(str(self.capacity)))

    @property
    def memory(self) -> int:
        """After so many seconds without a request it is as new."""
        if self.kind is Kind.TOKEN_BUCKET:
            return math.ceil(self.capacity / self.per_second)
        return self.window.seconds

    def __str__(self) -> str:
        kind = self.kind.replace("-", " ")
        if self.kind is Kind.TOKEN_BUCKET:
            text = f"{self.limit}, {kind}, {self.capacity:g} at once"
        else:
            window = self.window
            text = f"{self.limit}, {kind}, {window.requests} in {window.seconds} s"
        return text if self.instances == 1 else f"{text}, {self.instances} instances"


@dataclass(frozen=True, slots=True)
class Window:
    """So many requests in so many seconds."""

    requests: int
    seconds: int


def moving_window(rate: Fraction, capacity: Fraction) -> Window:
    """The moving window that is nearest to a token bucket, `rate` in requests a second: as long as an empty bucket
    takes to fill, in whole seconds, and with at least one request in it."""
    seconds = math.ceil(max(capacity, Fraction(1)) / rate)
    return Window(math.ceil(rate * seconds), seconds)
