"""One schedule for every limiter: twelve users from 0.3 to 30 requests a second, for each of three seeds."""

import asyncio
import math
import random
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

SEEDS = (1, 2, 3)
USERS, SLOWEST, FASTEST = 12, 0.3, 30.0
SECONDS = 30
# What is tried on it: requests a second, and how many seconds of them at once.
LIMIT, BURST_SECONDS = 5.0, 2.0
# By how much what is predicted may differ from what is rejected.
TOLERANCE = 0.02
THROTTLED = b"429"


def names(seed: int) -> list[str]:
    """The users of a seed."""
    return [f"{seed}-{number}" for number in range(USERS)]


def instants(seed: int) -> dict[str, list[float]]:
    """When each user sends, in seconds from the beginning: gaps are from a half to one and a half of the mean."""
    random_of = random.Random(seed)  # noqa: S311 - the same at each run
    found: dict[str, list[float]] = {}
    for number, name in enumerate(names(seed)):
        gap = 1 / (SLOWEST * (FASTEST / SLOWEST) ** (number / (USERS - 1)))
        at = random_of.uniform(0, gap)
        found[name] = []
        while at < SECONDS:
            found[name].append(at)
            at += gap * random_of.uniform(0.5, 1.5)
    return found


@dataclass
class Outcome:
    """Of each user: when requests were sent (Unix s), and how many were answered with 429."""

    sent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rejected: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def rejected_of(self, seed: int) -> int:
        return sum(self.rejected[name] for name in names(seed))


def carry_out(port: int) -> Outcome:
    """All users of all seeds side by side, each over a connection of its own; none waits for an answer.

    It begins with a second: what is recorded does not say when within its first second somebody begins.
    """
    schedules: dict[str, list[float]] = {}
    for seed in SEEDS:
        schedules |= instants(seed)
    outcome = Outcome()
    asyncio.run(_all(port, schedules, outcome))
    return outcome


async def _all(port: int, schedules: Mapping[str, list[float]], outcome: Outcome) -> None:
    now = time.time()
    begin = asyncio.get_running_loop().time() + math.ceil(now + 0.5) - now
    async with asyncio.TaskGroup() as group:
        for name, schedule in schedules.items():
            group.create_task(_one(port, name, schedule, begin, outcome))


async def _one(port: int, name: str, schedule: list[float], begin: float, outcome: Outcome) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = asyncio.create_task(_read(reader, name, len(schedule), outcome))
    for at in schedule:
        await asyncio.sleep(begin + at - asyncio.get_running_loop().time())
        outcome.sent[name].append(time.time())
        writer.write(f"GET / HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {name}\r\n\r\n".encode())
    await answers
    writer.close()
    await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, name: str, answers: int, outcome: Outcome) -> None:
    for _ in range(answers):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        (length,) = [int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")]
        await reader.readexactly(length)
        status = head.split(b" ", 2)[1]
        assert status in {b"200", THROTTLED}, head
        outcome.rejected[name] += status == THROTTLED
