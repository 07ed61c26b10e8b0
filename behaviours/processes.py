"""What must hold of processes: none lost when they end, each worker an instance, nobody else one."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from behaviours.behaviours import YES
from behaviours.client import ask
from behaviours.observation import DURATION
from behaviours.subject import GUNICORN, UVICORN, Subject, service
from tests.otlp_receiver import OtlpReceiver
from tests.server import Server
from tests.waiting import wait_until

REQUESTS = 20
WORKERS = 2
NEVER_SECONDS = 3600.0
SETTLE_SECONDS = 0.3


@dataclass(frozen=True)
class ProcessBehaviour:
    """A line of the table: `command` serves, `drive` makes requests and gives `yes` or what was seen instead."""

    name: str
    requests: str
    command: Sequence[str]
    interval_seconds: float
    judge: Callable[[OtlpReceiver, list[int]], str]
    workers: int = 1

    def seen(self, subject: Subject, folder: Path) -> str:
        """Serve requests under this instrumentation, end it with SIGTERM, and judge what has come by then."""
        with OtlpReceiver() as receiver:
            log = folder / f"{subject.name}.log"
            with service(subject, receiver, log, self.command, self.interval_seconds) as server:
                served_by = requests_to(server, self.workers)
                time.sleep(SETTLE_SECONDS)
            return self.judge(receiver, served_by)


def requests_to(server: Server, workers: int) -> list[int]:
    """At least REQUESTS requests, until each of the workers has had one; the process that served each."""
    served_by: list[int] = []

    def enough() -> bool:
        served_by.extend(json.loads(answer) for answer in ask("/process")(server.url))
        return len(served_by) >= REQUESTS and len(set(served_by)) == workers

    wait_until(enough, f"a request to each of {workers} workers")
    return served_by


def _none_lost(receiver: OtlpReceiver, served_by: list[int]) -> str:
    counted = receiver.total(DURATION)
    if counted == len(served_by):
        return YES
    return "all are lost" if counted == 0 else "some are lost" if counted < len(served_by) else "more are counted"


def _one_instance_a_worker(receiver: OtlpReceiver, served_by: list[int]) -> str:
    instances = {point.instance for point in receiver.points}
    wanted = len(set(served_by))
    if len(instances) != wanted:
        return f"{len(instances)} instances for {wanted} workers"
    counted = {
        instance: sum(point.value for point in receiver.latest(DURATION) if point.instance == instance)
        for instance in instances
    }
    own = {float(served_by.count(process)) for process in set(served_by)}
    return YES if set(counted.values()) == own else "instances that do not count their own requests"


PROCESS_BEHAVIOURS = (
    ProcessBehaviour(
        "SIGTERM loses none, however long the interval of the exports",
        "uvicorn",
        UVICORN,
        NEVER_SECONDS,
        _none_lost,
    ),
    ProcessBehaviour(
        "SIGTERM to the parent of workers loses none",
        "uvicorn with two workers",
        (*UVICORN, f"--workers={WORKERS}"),
        NEVER_SECONDS,
        _none_lost,
        workers=WORKERS,
    ),
    ProcessBehaviour(
        "Each worker is an instance and counts its own; their parent is none",
        "uvicorn with two workers",
        (*UVICORN, f"--workers={WORKERS}"),
        0.1,
        _one_instance_a_worker,
        workers=WORKERS,
    ),
    ProcessBehaviour(
        "So do workers that are forked from a parent that has loaded the application",
        "gunicorn with two workers, preloaded",
        (*GUNICORN, f"--workers={WORKERS}"),
        0.1,
        _one_instance_a_worker,
        workers=WORKERS,
    ),
)
