"""What an export of many users costs, and what each costs while it is held.

The same file runs inside a service under `opentelemetry-instrument`: it counts users in an application, then has them
sent, while a task on the event loop looks at how long it is kept waiting.
"""

import argparse
import asyncio
import gc
import json
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, run
from typing import Any

import uvloop
from opentelemetry.metrics import get_meter_provider
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.distro.application import USER_HEADER
from benchmarks.distro.services import sink
from benchmarks.distro.sink import received_bytes
from tests.server import ROOT, clean_environment

USERS = 50_000
EXPORTS = 10
_PROBE_SECONDS = 0.001
_LEAST_BYTES_A_USER = 24
_FLUSH_TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class ExportCost:
    """Of `exports` exports of `users` users each.

    `cpu_ms`: median of the CPU time of the process, less what the waiting event loop takes. `hold_ms` and
    `median_hold_ms`: the longest time that the event loop was held up, of all exports and the median of each;
    `idle_hold_ms` and `median_idle_hold_ms`: the same while nothing is exported, which is the machine's share.
    """

    users: int
    exports: int
    cpu_ms: float
    hold_ms: float
    median_hold_ms: float
    idle_hold_ms: float
    median_idle_hold_ms: float
    bytes_per_user: float


def measure_export(folder: Path, users: int, exports: int) -> ExportCost:
    """Run the service twice: for the time, and for the memory, because looking at memory takes time.

    Raises:
        RuntimeError: the service failed, or what it holds did not arrive.
    """
    with sink(folder) as (_, endpoints):
        timed = _run_service(endpoints.http, users, exports)
        if received_bytes(endpoints.grpc) < users * exports * _LEAST_BYTES_A_USER:
            raise RuntimeError("the users did not arrive")
        held = _run_service(endpoints.http, users, 0)
    return ExportCost(users=users, exports=exports, **timed, **held)


def _run_service(endpoint: str, users: int, exports: int) -> dict[str, float]:
    finished = run(
        ["opentelemetry-instrument", "python", "-m", __spec__.name, f"--users={users}", f"--exports={exports}"],
        env=clean_environment()
        | {
            "OTEL_SERVICE_NAME": "export",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": "86400000",
            "REDUSE_USER_HASH_KEY": "0123456789abcdef",
            "REDUSE_USER_RESOLVERS": f"header:{USER_HEADER}",
            "REDUSE_USER_LIMIT": str(users),
        },
        cwd=ROOT,
        stdin=DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(finished.stderr)
    figures: dict[str, float] = json.loads(finished.stdout)
    return figures


async def _answer(_request: Request) -> Response:
    return Response()


application = Starlette(routes=[Route("/", _answer)])


async def _receive() -> dict[str, Any]:
    return {"type": "http.request"}


async def _send(_message: Any) -> None:
    pass


async def count_users(users: Sequence[int]) -> None:
    """One request of each."""
    for user in users:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/",
            "headers": [(USER_HEADER.encode(), b"user-%d" % user)],
        }
        await application(scope, _receive, _send)


class Probe:
    """A task that sleeps for a millisecond at a time, and notes by how much each was longer."""

    def __init__(self) -> None:
        self._holds: list[float] = []
        self._task = asyncio.create_task(self._sleep())

    async def _sleep(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_PROBE_SECONDS)
            self._holds.append(time.perf_counter() - before - _PROBE_SECONDS)

    async def stop(self) -> list[float]:
        """All that it noted, the time that is under way included."""
        # It is held up for as long as it has not woken since, and notes so when it does.
        await asyncio.sleep(5 * _PROBE_SECONDS)
        self._task.cancel()
        return self._holds


def flush() -> None:
    """Send all that is held.

    Raises:
        RuntimeError: it did not arrive.
    """
    # The API's provider is the SDK's here, which has this method.
    if not get_meter_provider().force_flush(_FLUSH_TIMEOUT_MS):  # type: ignore[attr-defined]
        raise RuntimeError("the export failed")


@dataclass(frozen=True)
class _Watched:
    """What happened while the event loop was watched."""

    seconds: float
    cpu_seconds: float
    holds: list[float]


async def _watched(seconds: float | None) -> _Watched:
    """Watch the event loop during an export, or for some seconds without one."""
    probe = Probe()
    started, cpu_before = time.perf_counter(), time.process_time()
    if seconds is None:
        await asyncio.to_thread(flush)
    else:
        await asyncio.sleep(seconds)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu_before
    return _Watched(took, cpu, await probe.stop())


async def time_exports(users: int, exports: int) -> dict[str, float]:
    """Times of exports of this many users; the first one, which makes the connection, is not counted."""
    cpu, holds, idle_holds = [], [], []
    for number in range(exports + 1):
        await count_users(range(number * users, (number + 1) * users))
        exporting = await _watched(None)
        idle = await _watched(exporting.seconds)
        if number:
            waking = idle.cpu_seconds / len(idle.holds)
            cpu.append(exporting.cpu_seconds - waking * len(exporting.holds))
            holds.append(max(exporting.holds))
            idle_holds.append(max(idle.holds))
    return {
        "cpu_ms": median(cpu) * 1000,
        "hold_ms": max(holds) * 1000,
        "median_hold_ms": median(holds) * 1000,
        "idle_hold_ms": max(idle_holds) * 1000,
        "median_idle_hold_ms": median(idle_holds) * 1000,
    }


async def weigh_users(users: int) -> dict[str, float]:
    """Bytes that each of this many users takes while it is held.

    Pseudonyms are cached, and a cached one shares its text with the one that is held. So the cache is full before,
    and of other users' pseudonyms, or of texts of its own, after.
    """
    tracemalloc.start()
    await count_users(range(users))
    await asyncio.to_thread(flush)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    await count_users(range(users, 2 * users))
    await count_users(range(users, users + users // 2))
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return {"bytes_per_user": (after - before) / users}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--exports", type=int, required=True, help="0: weigh the users instead")
    arguments = parser.parse_args()
    work = time_exports(arguments.users, arguments.exports) if arguments.exports else weigh_users(arguments.users)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(work)))  # noqa: T201 - read by the process that started this one


if __name__ == "__main__":
    main()
