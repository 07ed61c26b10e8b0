"""Rounds: in each, every subject answers one short slice of requests, one subject after another in a new order.

Slices are so short because a shared machine changes its speed several times a second: what is compared is within a few
tenths of a second, and what disturbs one slice is one value among hundreds, which a median does not see.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.distro.cpu import cpu_nanoseconds
from benchmarks.distro.estimate import Estimate, estimate
from benchmarks.distro.load import Load
from benchmarks.distro.subjects import BARE, CONTRIB, OURS, OURS_AND_NONE
from tests.server import Server

LEAST_ROUNDS = 400

# Unmeasured ones first, because other processes have had the processor's caches.
WARMING_REQUESTS = 50
MEASURED_REQUESTS = 100

FIRST_REQUESTS = 3000
"""All of these before the first round: imports, routes, pseudonyms."""

_NANOSECONDS_PER_US = 1000
_US_PER_MS = 1000
_US_PER_SECOND = 1_000_000


@dataclass(frozen=True)
class Limits:
    """When to stop although the medians are not steady yet, and how many requests come before the first round."""

    rounds: int
    seconds: float
    first_requests: int = FIRST_REQUESTS


@dataclass
class Measurement:
    """What was measured, by subject.

    `cpu_us`: microseconds of CPU a request, round by round. `background_ms`: milliseconds of CPU a second beside the
    requests. `requests`: how many were sent in all.
    """

    background_ms: Mapping[str, float]
    requests: dict[str, int]
    cpu_us: dict[str, list[float]] = field(init=False)

    def __post_init__(self) -> None:
        self.cpu_us = {name: [] for name in self.requests}

    def add(self, name: str, cpu_us: float) -> None:
        """Add a slice of one subject."""
        self.cpu_us[name].append(cpu_us)
        self.requests[name] += WARMING_REQUESTS + MEASURED_REQUESTS

    @property
    def rounds(self) -> int:
        return len(self.cpu_us[BARE])

    def background_us(self, name: str) -> float:
        """What a subject does in the background beyond what the bare application does, as its part of a request.

        At the rate at which the bare application has the core to itself.
        """
        beyond_bare = self.background_ms[name] - self.background_ms[BARE]
        requests_per_second = _US_PER_SECOND / statistics.median(self.cpu_us[BARE])
        return beyond_bare * _US_PER_MS / requests_per_second

    def added_us(self, name: str) -> list[float]:
        """What a subject took more than the bare application did in the same round, and its background."""
        background = self.background_us(name)
        return [mine - bare + background for mine, bare in zip(self.cpu_us[name], self.cpu_us[BARE], strict=True)]

    def added(self, name: str) -> Estimate:
        """The median of that."""
        return estimate(self.added_us(name))

    def lightest(self) -> str:
        """Of the instrumentations of others, the one that adds least."""
        others = [name for name in self.cpu_us if name not in OURS_AND_NONE]
        return min(others, key=lambda name: statistics.median(self.added_us(name)))

    def deciding(self) -> tuple[str, str, str]:
        """The subjects whose ratios are asked for."""
        return OURS, self.lightest(), CONTRIB

    @property
    def steady(self) -> bool:
        """Whether the deciding medians would not move much with more rounds."""
        return self.rounds >= LEAST_ROUNDS and all(self.added(name).steady for name in self.deciding())


def measure_rounds(
    servers: Mapping[str, Server],
    measured: Measurement,
    limits: Limits,
    report: Callable[[Measurement], None],
) -> None:
    """Add rounds until the deciding medians are steady, or a limit is reached; report now and then, and at the end."""
    deadline = time.monotonic() + limits.seconds
    order = list(servers)
    with ExitStack() as stack:
        loads = {name: stack.enter_context(Load(server.port)) for name, server in servers.items()}
        for name, load in loads.items():
            measured.requests[name] += load.send(limits.first_requests)
        while True:
            random.shuffle(order)
            for name in order:
                measured.add(name, _measure_slice(loads[name], servers[name].pid))
            ending = measured.rounds >= limits.rounds or time.monotonic() >= deadline
            if ending or measured.rounds % LEAST_ROUNDS == 0:
                report(measured)
                if ending or measured.steady:
                    return


def _measure_slice(load: Load, pid: int) -> float:
    """CPU microseconds a request, of the whole process."""
    load.send(WARMING_REQUESTS)
    before = cpu_nanoseconds(pid)
    answered = load.send(MEASURED_REQUESTS)
    return (cpu_nanoseconds(pid) - before) / answered / _NANOSECONDS_PER_US
