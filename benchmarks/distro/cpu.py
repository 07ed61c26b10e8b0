"""CPU time of another process, and who runs on which core."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TASKS = "/proc/{pid}/task"

# linux/posix-timers.h: the clock of a process is its complemented id above three bits, which say "scheduler time".
_PROCESS_SHIFT = 3
_SCHEDULER_TIME = 2


def cpu_nanoseconds(pid: int) -> int:
    """User and system time of all threads of a process, ended ones too, in the nanoseconds of the scheduler.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime_ns((~pid << _PROCESS_SHIFT) | _SCHEDULER_TIME)


def pin(pid: int, core: int) -> None:
    """Have all threads of a process, and those that they start, run on one core."""
    for task in Path(_TASKS.format(pid=pid)).iterdir():
        os.sched_setaffinity(int(task.name), {core})


def two_cores() -> tuple[int, int] | None:
    """A core for the servers and another for everybody else; None when there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[-1], cores[0]) if len(cores) > 1 else None


@contextmanager
def on_one_core() -> Iterator[None]:
    """Have this thread, and the processes that it starts meanwhile, run on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
