"""How much comes: users, services, and how their requests become points, windows and bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demand:
    """`users` within an hour, each at one service (who uses two counts twice), with so many requests a second; services
    export every `interval` seconds. `skew`: the exponent of Zipf's law by which users are spread over services; 0:
    evenly."""

    users: int
    services: int
    requests_per_user: float
    interval: float = 1.0
    skew: float = 1.0

    def __post_init__(self) -> None:
        if self.users < 1 or self.services < 1:
            raise ValueError("there is at least one user and one service")
        if not (self.requests_per_user > 0 and self.interval > 0 and self.skew >= 0):
            raise ValueError("requests and interval are above 0, and skew is at least 0")

    @property
    def requests(self) -> float:
        """A second, of all users."""
        return self.users * self.requests_per_user

    @property
    def points(self) -> float:
        """A second: a user is one point of an export, however many requests it had, and none if it had no request.

        Requests come independently of each other (Poisson): the most points for so many requests.
        """
        return self.users * -math.expm1(-self.requests_per_user * self.interval) / self.interval

    @property
    def users_in_window(self) -> float:
        """Who have a request in an interval, as windows are as long."""
        return self.points * self.interval

    def shares(self) -> list[float]:
        """Each service's part of all users, the largest first; their sum is 1."""
        weights = [1 / (rank + 1) ** self.skew for rank in range(self.services)]
        total = math.fsum(weights)
        return [weight / total for weight in weights]
