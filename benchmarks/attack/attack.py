"""The attack on a stack of its own: at the agent's port, while the company's services have their usual load."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import grpc
import numpy as np

from benchmarks.attack.invented import IN_A_REQUEST, invented, true
from benchmarks.attack.memory import highest
from reduse.stack.supervision import Supervisor
from tests.e2e.counts import SERVICES, Counts, awaited_counts, settled_counts
from tests.e2e.stack import Stack
from tests.processor.exports import SECOND

SERVICE = "attacked"
# Requests in a second of each, by pseudonym.
TRUE_USERS = {f"{number:016x}": 100 * (number + 1) for number in range(20)}
ANONYMOUS = 3
METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
ANSWER_SECONDS = 60
LOAD_RATE = 60
# What comes late is counted in a later window: exports of an attack are as fresh as those of a service.
COUNTED_SECONDS = 600
_SEED = 7


@dataclass(frozen=True)
class Attacked:
    """What the attack was, what was counted of it, and what it did to others."""

    invented: int
    sent_seconds: float
    counted_seconds: float
    requests: int
    counted: int
    top_users_right: bool
    innocent_sent: Mapping[str, int]
    innocent: Counts
    memory_before: Mapping[str, int]
    memory_most: Mapping[str, int]

    @property
    def exact(self) -> bool:
        """Whether every request of everybody is counted, once."""
        sent = dict(self.innocent_sent)
        return self.counted == self.requests and self.innocent == Counts(sent, sent, sent) and self.top_users_right


def attack(stack: Stack, users: int, seconds: int) -> Attacked:
    """Invent so many users in so many seconds, as fast as the agent takes them where that is slower."""
    before = settled_counts(stack)
    random = np.random.default_rng(_SEED)
    with highest(Supervisor(stack.settings)) as memory, grpc.insecure_channel(_agent(stack)) as channel:
        memory_before = dict(memory)
        send: Callable[..., bytes] = channel.unary_unary(METHOD)
        load = stack.start_load(seconds, LOAD_RATE)
        begun = time.monotonic()
        ends: list[int] = []
        sent = 0
        for number in range(seconds):
            # Windows are whole seconds; the one that has just ended is sent.
            start = (time.time_ns() // SECOND - 1) * SECOND
            if ends and start < ends[-1]:
                start = ends[-1]
            for body in invented(start, users // seconds, random, SERVICE):
                send(body, timeout=ANSWER_SECONDS)
                sent += IN_A_REQUEST
            send(true(SERVICE, start, TRUE_USERS, ANONYMOUS), timeout=ANSWER_SECONDS)
            ends.append(start + SECOND)
            time.sleep(max(0.0, begun + number + 1 - time.monotonic()))
        sent_seconds = time.monotonic() - begun
        innocent_sent = {service: int(count) for service, count in load.finish().items() if service in SERVICES}
        requests = sent + len(ends) * (sum(TRUE_USERS.values()) + ANONYMOUS)
        counted = _counted(stack, requests)
        counted_seconds = time.monotonic() - begun
        innocent = awaited_counts(stack, before, innocent_sent)
    return Attacked(
        invented=sent,
        sent_seconds=sent_seconds,
        counted_seconds=counted_seconds,
        requests=requests,
        counted=counted,
        top_users_right=_top_users_right(stack, ends),
        innocent_sent=innocent_sent,
        innocent=innocent,
        memory_before=memory_before,
        memory_most=memory,
    )


def _agent(stack: Stack) -> str:
    return f"127.0.0.1:{stack.settings.agent_port}"


def _counted(stack: Stack, requests: int) -> int:
    """What the processor has counted of the service, once it is all, or when it no longer moves."""
    query = f'sum(last_over_time(reduse_user_requests_total{{service="{SERVICE}"}}[1h]))'
    deadline = time.monotonic() + COUNTED_SECONDS
    while time.monotonic() < deadline:
        if (found := stack.prometheus.scalar(query) or 0.0) >= requests:
            break
        time.sleep(1)
    return int(stack.settled([query])[0] if found >= requests else found)


def _top_users_right(stack: Stack, ends: Sequence[int]) -> bool:
    """Whether the series of each true user says what they sent, over all the time."""
    window = f"{round((ends[-1] - ends[0]) / SECOND) + 1}s"
    found = stack.prometheus.query(
        f'sum by (user) (sum_over_time(reduse_user_rate_per_second{{service="{SERVICE}"}}[{window}]))',
        at=ends[-1] / SECOND,
    )
    totals = {sample.labels["user"]: sample.value for sample in found}
    return all(totals.get(user) == count * len(ends) for user, count in TRUE_USERS.items())
