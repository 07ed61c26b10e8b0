"""Several limiters that each count for themselves, as the workers of a service or the machines of a proxy do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Int64, UInt8
from reduse.what_if.growing import grown
from reduse.what_if.users import Runs


class Counting(Protocol):
    """The state of a limiter for all users."""

    def grow(self, moved: Int64, size: int) -> None: ...

    def rejected(self, arrivals: Arrivals, runs: Runs, closed: UInt8, first: int) -> Int64: ...


class Instances:
    """Requests of a user go to one instance after another, in turn."""

    def __init__(self, make: Callable[[], Counting], instances: int) -> None:
        self._instances = [make() for _ in range(instances)]
        # By place of the user: the instance that has the next request.
        self._turns: Int64 = np.empty(0, np.int64)

    def grow(self, moved: Int64, size: int) -> None:
        """Users are now at these places, of so many."""
        self._turns = grown(self._turns, moved, size, 0)
        for each in self._instances:
            each.grow(moved, size)

    def rejected(self, arrivals: Arrivals, runs: Runs, closed: UInt8, first: int) -> Int64:
        """Of each row the requests rejected by all of them."""
        dealt = _dealt(*runs, arrivals.counts, len(self._instances), self._turns)
        rejected = np.zeros(len(arrivals.users), np.int64)
        for each, counts in zip(self._instances, dealt, strict=True):
            rejected += each.rejected(replace(arrivals, counts=counts), runs, closed, first)
        return rejected


@compiled
def _dealt(begins: Int64, places: Int64, counts: Int64, instances: int, turns: Int64) -> Int64:
    """By instance, of each row the requests that it gets."""
    dealt = np.empty((instances, len(counts)), np.int64)
    for run in range(len(places)):
        turn = turns[places[run]]
        for row in range(begins[run], begins[run + 1]):
            count = np.int64(counts[row])
            each, rest = count // instances, count % instances
            for instance in range(instances):
                dealt[instance, row] = each + (1 if (instance - turn) % instances < rest else 0)
            turn = (turn + rest) % instances
        turns[places[run]] = turn
    return dealt
