"""What a subject does whether it is asked or not: exports, timers, threads that wake up."""

import random
import statistics
import time
from collections.abc import Callable, Mapping

from benchmarks.distro.application import USERS
from benchmarks.distro.cpu import cpu_nanoseconds
from benchmarks.distro.load import Load
from tests.server import Server

PASSES = 5
SECONDS = 1.0

_NANOSECONDS_PER_MS = 1_000_000


def measure_background(
    servers: Mapping[str, Server], passes: int, after_pass: Callable[[int], None]
) -> tuple[dict[str, float], dict[str, int]]:
    """CPU milliseconds a second of each subject while it answers nobody, the median of passes; and requests sent.

    Just before, every user has sent a request, so that an export has as much in it as that of a busy service.
    """
    spent: dict[str, list[float]] = {name: [] for name in servers}
    order = list(servers)
    for number in range(1, passes + 1):
        random.shuffle(order)
        for name in order:
            spent[name].append(_spent_while_waiting(servers[name]))
        after_pass(number)
    return {name: statistics.median(each) for name, each in spent.items()}, dict.fromkeys(servers, passes * USERS)


def _spent_while_waiting(server: Server) -> float:
    with Load(server.port) as load:
        load.send(USERS)
    before = cpu_nanoseconds(server.pid)
    time.sleep(SECONDS)
    return (cpu_nanoseconds(server.pid) - before) / _NANOSECONDS_PER_MS / SECONDS
