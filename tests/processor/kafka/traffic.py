"""What watched services send, second by second, and how many requests that is."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.processor.exports import SECOND, export

USERS = [f"{number:016x}" for number in range(1, 60)]


def begin() -> int:
    """A window's begin, a while ago (Unix ns)."""
    return (time.time_ns() // SECOND - 120) * SECOND


def seconds(
    count: int, start: int, *, seed: int = 1, instances: tuple[str, ...] = ("one", "two"), service: str = "mes-api"
) -> Iterator[tuple[list[ExportMetricsServiceRequest], int]]:
    """Of each second the export of each instance, and how many requests are in them."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    for second in range(count):
        made, total = [], 0
        for instance in instances:
            users = {user: chance.randrange(1, 20) for user in chance.sample(USERS, 20)}
            anonymous = chance.randrange(5)
            begin_of = start + second * SECOND
            made.append(export(begin_of, begin_of + SECOND, users, anonymous, instance, service))
            total += sum(users.values()) + anonymous
        yield made, total
