"""Rounds: in each, every subject gets many short slices of load, in turn with the others, in ever new orders.

What is compared is close in time, so that whatever else moves the machine's speed moves all of a round.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.behaviours.server import Server
from tests.benchmarks.distro.application import USERS
from tests.benchmarks.distro.cpu import cpu_nanoseconds
from tests.benchmarks.distro.estimate import Estimate, estimate
from tests.benchmarks.distro.load import Load
from tests.benchmarks.distro.subjects import BARE, CONTRIB, OURS, OURS_RED

LEAST_ROUNDS = 8

PASSES = 3

_NANOSECONDS_PER_US = 1000


@dataclass(frozen=True)
class Limits:
    """When to stop although the medians are not steady yet; `slice_seconds`: how long a subject is asked at a time."""

    rounds: int
    seconds: float
    slice_seconds: float


@dataclass(frozen=True)
class Slice:
    """CPU nanoseconds of `measured` requests; `sent` are these and those before them."""

    cpu_ns: int
    measured: int
    sent: int


@dataclass
class Measurement:
    """CPU microseconds a request, round by round, and how many requests were sent in all, by subject."""

    cpu_us: dict[str, list[float]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, slices: Sequence[Slice]) -> None:
        """Add what one subject took in a round."""
        spent, answered = sum(each.cpu_ns for each in slices), sum(each.measured for each in slices)
        self.cpu_us[name].append(spent / answered / _NANOSECONDS_PER_US)
        self.requests[name] += sum(each.sent for each in slices)

    @property
    def rounds(self) -> int:
        return len(self.cpu_us[BARE])

    def added_us(self, name: str) -> list[float]:
        """What a subject took more than the bare application did in the same round."""
        return [mine - bare for mine, bare in zip(self.cpu_us[name], self.cpu_us[BARE], strict=True)]

    def added(self, name: str) -> Estimate:
        """The median of that."""
        return estimate(self.added_us(name))

    def lightest(self) -> str:
        """Of the instrumentations of others, the one that adds least."""
        others = [name for name in self.cpu_us if name not in (BARE, OURS_RED, OURS)]
        return min(others, key=lambda name: self.added(name).median)

    def deciding(self) -> tuple[str, str, str]:
        """The subjects whose ratios are asked for."""
        return OURS, self.lightest(), CONTRIB

    @property
    def steady(self) -> bool:
        """Whether the deciding medians would not move much with more rounds."""
        return self.rounds >= LEAST_ROUNDS and all(self.added(name).steady for name in self.deciding())


def measure(
    servers: Mapping[str, Server],
    limits: Limits,
    after_round: Callable[[Measurement], None],
) -> Measurement:
    """Add rounds until the deciding medians are steady, or a limit is reached."""
    measured = Measurement({name: [] for name in servers}, dict.fromkeys(servers, 0))
    deadline = time.monotonic() + limits.seconds
    order = list(servers)
    while True:
        slices: dict[str, list[Slice]] = {name: [] for name in servers}
        for _ in range(PASSES):
            random.shuffle(order)
            for name in order:
                slices[name].append(measure_slice(servers[name], limits.slice_seconds))
        for name, measured_slices in slices.items():
            measured.add(name, measured_slices)
        after_round(measured)
        if measured.steady or measured.rounds >= limits.rounds or time.monotonic() >= deadline:
            return measured


def measure_slice(server: Server, seconds: float) -> Slice:
    """CPU time of the whole process while it answers for some seconds, and of an export when one is due.

    Before that each user sends a request that is not measured: the caches are as warm, and an export is as large, as in
    a service that is always busy.
    """
    with Load(server.port) as load:
        warming = load.send(USERS)
        before = cpu_nanoseconds(server.pid)
        answered = load.send_for(seconds)
        spent = cpu_nanoseconds(server.pid) - before
    return Slice(spent, answered, warming + answered)
