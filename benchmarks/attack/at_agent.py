"""Invents users at the agent's port, millions in a minute: no service is in the way."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import grpc
import numpy as np

from benchmarks.attack.attack import Sent
from benchmarks.attack.invented import IN_A_REQUEST, invented, true
from tests.e2e.stack import Stack
from tests.processor.exports import SECOND

# Requests in a second of each, by pseudonym.
TRUE_USERS = {f"{number:016x}": 100 * (number + 1) for number in range(20)}
ANONYMOUS = 3
METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
ANSWER_SECONDS = 60
_SEED = 7


class AtAgent:
    """Sends exports of a service that does not exist, as fast as the agent takes them where that is slower.

    Args:
        send: a call to the agent.
        service: whose exports they are.
        users: to invent in all.
    """

    processes: Mapping[str, int] = {}

    def __init__(self, send: Callable[..., bytes], service: str, users: int) -> None:
        self._send = send
        self._service = service
        self._users = users

    def attack(self, seconds: int) -> Sent:
        """The users of each second, and the true ones beside them."""
        random = np.random.default_rng(_SEED)
        begun = time.monotonic()
        ends: list[int] = []
        sent = 0
        for number in range(seconds):
            # Windows are whole seconds; the one that has just ended is sent.
            start = (time.time_ns() // SECOND - 1) * SECOND
            if ends and start < ends[-1]:
                start = ends[-1]
            for body in invented(start, self._users // seconds, random, self._service):
                self._send(body, timeout=ANSWER_SECONDS)
                sent += IN_A_REQUEST
            self._send(true(self._service, start, TRUE_USERS, ANONYMOUS), timeout=ANSWER_SECONDS)
            ends.append(start + SECOND)
            time.sleep(max(0.0, begun + number + 1 - time.monotonic()))
        return Sent(
            invented=sent,
            requests=sent + len(ends) * (sum(TRUE_USERS.values()) + ANONYMOUS),
            true_users={user: count * len(ends) for user, count in TRUE_USERS.items()},
            end=ends[-1],
            windows=round((ends[-1] - ends[0]) / SECOND) + 1,
            by_red=False,
        )


@contextmanager
def at_agent(stack: Stack, service: str, users: int) -> Iterator[AtAgent]:
    """Connected to the stack's agent."""
    with grpc.insecure_channel(f"127.0.0.1:{stack.settings.agent_port}") as channel:
        yield AtAgent(channel.unary_unary(METHOD), service, users)
