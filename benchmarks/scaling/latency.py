"""How long metrics take: traffic second by second, as it comes, to a worker that has nothing else to do.

The latency of a window is from when the broker had the last record that the window waited for, to when it had the last
record of the window's metrics; both times are the broker's own (LogAppendTime, ms). A window that ends at a time waits
for the first export of each instance that ends then or later, which is up to an interval after it: that is no work of
anybody's, and is in `after_end` only, which counts from the window's end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.processor.traffic import INSTANCES, SECOND, Second, Traffic
from benchmarks.scaling.on_kafka import OnKafka

# Windows before the traffic is steady.
UNMEASURED = 5
_ARRIVAL_SECONDS = 30.0


@dataclass(frozen=True)
class Latency:
    """Seconds, of each window: from the last record that it waited for, and from its end."""

    after_last: tuple[float, ...]
    after_end: tuple[float, ...]


# By the end of an export (Unix ns) and its instance: when the broker had the last of it (Unix ms).
Appended = Mapping[tuple[int, int], int]


def latencies(appended: Appended, arrived: Mapping[int, int]) -> Latency:
    """Of all windows with metrics whose exports have come; `arrived`: by the window's end (Unix ns), in Unix ms."""
    by_instance = [sorted(end for end, of in appended if of == instance) for instance in range(INSTANCES)]
    after_last, after_end = [], []
    for window, milliseconds in sorted(arrived.items()):
        awaited = [next((end for end in ends if end >= window), None) for ends in by_instance]
        records = [appended[end, instance] for instance, end in enumerate(awaited) if end is not None]
        if len(records) == INSTANCES:
            after_last.append((milliseconds - max(records)) / 1000)
            after_end.append(milliseconds / 1000 - window / SECOND)
    return Latency(tuple(after_last), tuple(after_end))


def percentile(seconds: tuple[float, ...], percent: float) -> float:
    return round(float(np.percentile(seconds, percent)), 3)


def measure_latency(worker: OnKafka, users: int, seconds: int, shards: int = 1) -> Latency:
    """Send so many seconds as they pass, each export at its end. Raises RuntimeError."""
    begin = (time.time_ns() // SECOND + 2) * SECOND
    traffic = Traffic(users, begin, shards)
    requests = 0
    for number in range(seconds + 1):
        # Encoded before it is due.
        second = traffic.second()
        requests += second.requests
        _send_when_due(worker, second, begin + number * SECOND)
    last = begin + seconds * SECOND
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while max(worker.arrived, default=0) < last:
        worker.poll()
        if time.monotonic() > deadline:
            raise RuntimeError(f"the metrics of the last of {seconds} seconds have not come")
    windows = {end: at for end, at in worker.arrived.items() if begin + UNMEASURED * SECOND < end <= last}
    return latencies(worker.appended, windows)


def _send_when_due(worker: OnKafka, second: Second, start: int) -> None:
    """`start` (Unix ns) of the first instance's export."""
    each = len(second.bodies) // INSTANCES
    for instance in range(INSTANCES):
        end = start + SECOND + instance * SECOND // INSTANCES
        while time.time_ns() < end:
            worker.poll()
        worker.send(second, slice(instance * each, (instance + 1) * each), (end, instance))
