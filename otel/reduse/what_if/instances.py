"""Several limiters that each count for themselves, as the workers of a service or the machines of a proxy do."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Int64
from reduse.what_if.counting import Counting
from reduse.what_if.per_user import PerUser
from reduse.what_if.seconds import Seconds
from reduse.what_if.users import Runs


class Instances:
    """Requests of a user go to one instance after another, in turn."""

    def __init__(self, make: Callable[[], Counting], instances: int) -> None:
        self._instances = [make() for _ in range(instances)]
        # The instance that has the next request.
        self._turns = PerUser(np.int64, 0)

    def grow(self, size: int) -> None:
        for each in (self._turns, *self._instances):
            each.grow(size)

    def reorder(self, order: Int64) -> None:
        for each in (self._turns, *self._instances):
            each.reorder(order)

    def rejected(self, arrivals: Arrivals, runs: Runs, seconds: Seconds) -> Int64:
        dealt = _dealt(*runs, arrivals.counts, len(self._instances), self._turns.values)
        rejected = np.zeros(len(arrivals.users), np.int64)
        for each, counts in zip(self._instances, dealt, strict=True):
            rejected += each.rejected(replace(arrivals, counts=counts), runs, seconds)
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
