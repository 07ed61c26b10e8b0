"""The client's half of `operations`: a process that executes as many operations as it is told.

Each line on stdin is a number; the answer has, for each kind of operation, how many nanoseconds of CPU the process took
for so many of them.
"""

import sys
import time
from collections.abc import Callable, Sequence

Operation = Callable[[int], None]
Slice = Callable[[int], Sequence[int]]


def cpu_nanoseconds_of(operation: Operation, times: int) -> int:
    """CPU of the whole process for so many operations."""
    before = time.process_time_ns()
    operation(times)
    return time.process_time_ns() - before


def answer(execute: Slice) -> None:
    """Execute a slice for each line, until stdin ends."""
    for line in sys.stdin:
        sys.stdout.write(" ".join(map(str, execute(int(line)))) + "\n")
        sys.stdout.flush()
