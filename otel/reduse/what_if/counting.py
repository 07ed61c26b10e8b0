"""What each kind of limiter is to a replay."""

from typing import Protocol

from reduse.what_if.columns import Arrivals, Int64
from reduse.what_if.seconds import Seconds
from reduse.what_if.users import Runs


class Kept(Protocol):
    """Something for each user, by place."""

    def grow(self, size: int) -> None:
        """There are so many users now; the newcomers are the last."""

    def reorder(self, order: Int64) -> None:
        """At each place is now the user who was at the place that `order` names."""


class Counting(Kept, Protocol):
    """The state of a limiter for all users."""

    def rejected(self, arrivals: Arrivals, runs: Runs, seconds: Seconds) -> Int64:
        """Of each row the requests rejected."""
