"""The attack on a stack of its own, while the company's services have their usual load."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.attack.memory import resident
from benchmarks.memory import highest
from reduse.stack.supervision import Supervisor
from tests.e2e.counts import SERVICES, Counts, awaited_counts, per_user, red, settled_counts
from tests.e2e.stack import Stack
from tests.processor.exports import SECOND

SERVICE = "attacked"
LOAD_RATE = 60
# What comes late is counted in a later window: exports of an attack are as fresh as those of a service.
COUNTED_SECONDS = 600


@dataclass(frozen=True)
class Sent:
    """What the attacked service was sent.

    `true_users`: requests of each, by pseudonym. `end`: of the last window with a request, Unix ns. `windows`: that may
    have requests, up to `end`. `by_red`: whether RED has to have counted it as well.
    """

    invented: int
    requests: int
    true_users: Mapping[str, int]
    end: int
    windows: int
    by_red: bool


class Attacker(Protocol):
    """One way to invent users."""

    @property
    def processes(self) -> Mapping[str, int]:
        """What of it is watched, by name: process numbers."""

    def attack(self, seconds: int) -> Sent:
        """Invent users for so long."""


class Way(Protocol):
    """Makes an attacker of a running stack."""

    def __call__(self, stack: Stack, service: str) -> AbstractContextManager[Attacker]: ...


@dataclass(frozen=True)
class Attacked:
    """What the attack was, what was counted of it, and what it did to others.

    `red`: requests of the attacked service that RED counted, where it had to.
    """

    invented: int
    sent_seconds: float
    counted_seconds: float
    requests: int
    counted: int
    red: int | None
    top_users_right: bool
    innocent_sent: Mapping[str, int]
    innocent: Counts
    memory_before: Mapping[str, int]
    memory_most: Mapping[str, int]

    @property
    def exact(self) -> bool:
        """Whether every request of everybody is counted, once."""
        sent = dict(self.innocent_sent)
        return (
            self.counted == self.requests
            and self.red in (None, self.requests)
            and self.innocent == Counts(sent, sent, sent)
            and self.top_users_right
        )


def attack(stack: Stack, way: Way, seconds: int) -> Attacked:
    """Invent users for so many seconds."""
    before = settled_counts(stack)
    supervisor = Supervisor(stack.settings)
    with way(stack, SERVICE) as attacker, highest(lambda: resident(supervisor, attacker.processes)) as memory:
        memory_before = dict(memory)
        load = stack.start_load(seconds, LOAD_RATE)
        begun = time.monotonic()
        sent = attacker.attack(seconds)
        sent_seconds = time.monotonic() - begun
        innocent_sent = {service: int(count) for service, count in load.finish().items() if service in SERVICES}
        counted = _counted(stack, per_user(SERVICE), sent.requests)
        counted_seconds = time.monotonic() - begun
        by_red = _counted(stack, red(SERVICE), sent.requests) if sent.by_red else None
        innocent = awaited_counts(stack, before, innocent_sent)
    return Attacked(
        invented=sent.invented,
        sent_seconds=sent_seconds,
        counted_seconds=counted_seconds,
        requests=sent.requests,
        counted=counted,
        red=by_red,
        top_users_right=_top_users_right(stack, sent),
        innocent_sent=innocent_sent,
        innocent=innocent,
        memory_before=memory_before,
        memory_most=memory,
    )


def _counted(stack: Stack, query: str, requests: int) -> int:
    """What is counted of the service, once it is all, or when it no longer moves."""
    deadline = time.monotonic() + COUNTED_SECONDS
    found = 0.0
    while time.monotonic() < deadline:
        if (found := stack.prometheus.scalar(query) or 0.0) >= requests:
            break
        time.sleep(1)
    return int(stack.settled([query])[0] if found >= requests else found)


def _top_users_right(stack: Stack, sent: Sent) -> bool:
    """Whether the series of each true user says what they sent, over all the time."""
    found = stack.prometheus.query(
        f'sum by (user) (sum_over_time(reduse_user_rate_per_second{{service="{SERVICE}"}}[{sent.windows}s]))',
        at=sent.end / SECOND,
    )
    totals = {sample.labels["user"]: sample.value for sample in found}
    return all(totals.get(user) == count for user, count in sent.true_users.items())
