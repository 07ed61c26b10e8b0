"""All measurements in one run: the same traffic through our own server, and through Kafka in one and in 16 shards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.distro.cpu import cpu_nanoseconds, pin, two_cores
from benchmarks.processor.served import Served
from benchmarks.processor.traffic import SECOND, Slice, Traffic
from benchmarks.scaling.latency import Latency, measure_latency
from benchmarks.scaling.on_kafka import OnKafka, Spent
from reduse.processor.compilation import compile_ahead
from tests.kafka import Broker, running_broker

SHARDS = 16
# The stack's default.
HEAP_MIB = 512

# The processor refuses what is ahead of the clock, and traffic is faster than the clock.
_EVENT_TIME_BEHIND_SECONDS = 3600
_MICROSECOND = 1000
_GB = 10**9

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """Users in all; seconds of event time of the rounds, and of the clock for latencies."""

    users: int
    seconds: int
    latency_seconds: int
    rounds: int


@dataclass(frozen=True)
class Passed:
    """What one pass through a worker has cost: its CPU in µs a point, with its start and without, and the broker's; its
    memory when it began, and by how much it has grown."""

    whole_us: float
    working_us: float
    broker_us: float
    base_bytes: int
    resident_bytes: int
    metrics_bytes_per_window: float
    exports_bytes: int
    snapshot_bytes: int
    restore_seconds: float

    @property
    def restore_seconds_per_gb(self) -> float:
        return self.restore_seconds * _GB / max(self.snapshot_bytes, 1)


@dataclass(frozen=True)
class Round:
    served_us: float
    sixteen: Passed
    one: Passed

    @property
    def shown(self) -> str:
        ratio = self.sixteen.working_us / self.one.working_us
        return (
            f"µs a point: our own server {self.served_us:.3f}, worker {self.one.whole_us:.3f}, "
            f"broker {self.one.broker_us:.3f}; {SHARDS} shards over one {ratio:.2f}"
        )

    def window_ms(self, points: int, seconds: int) -> float:
        """CPU of one more shard's window: its points cost the same in whatever shard they are."""
        return (self.sixteen.working_us - self.one.working_us) * points / 1000 / (seconds * (SHARDS - 1))


@dataclass(frozen=True)
class Measured:
    sizes: Sizes
    points: int
    broker_start_seconds: float
    rounds: tuple[Round, ...]
    latency: Latency

    def typical(self, figure: Callable[[Round], float]) -> float:
        """The median over the rounds."""
        return median(map(figure, self.rounds))


def measure(sizes: Sizes, folder: Path, progress: Progress) -> Measured:
    """What is measured has one core, and this process, which sends and reads, and the broker another.

    Raises:
        RuntimeError: something does not start, or has not counted what it was sent.
    """
    cores = two_cores()
    measured = cores[0] if cores else None
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        # Not as a cost of whoever begins first.
        compile_ahead()
        progress("Encoding the traffic …")
        begin = (time.time_ns() // SECOND - _EVENT_TIME_BEHIND_SECONDS) * SECOND
        one, sixteen = (Traffic(sizes.users, begin, shards).slice(sizes.seconds) for shards in (1, SHARDS))
        if cores:
            pin(os.getpid(), cores[1])
            stack.callback(os.sched_setaffinity, 0, before)
        progress("Starting Kafka …")
        broker = stack.enter_context(running_broker(folder / "kafka", heap_mib=HEAP_MIB))
        broker_start = cpu_nanoseconds(broker.pid) / SECOND
        rounds = []
        for number in range(sizes.rounds):
            at = f"Round {number + 1} of {sizes.rounds}: "
            progress(f"{at}a worker on Kafka, {SHARDS} shards …")
            of_sixteen = passed(broker, folder, sixteen, sizes.users, measured)
            progress(f"{at}our own server …")
            served = serve(folder / f"served-{number}", one, measured)
            progress(f"{at}a worker on Kafka, one shard …")
            rounds.append(Round(served, of_sixteen, passed(broker, folder, one, sizes.users, measured)))
            progress(at + rounds[-1].shown)
        points = one.points
        del one, sixteen
        progress(f"Latencies, for {sizes.latency_seconds} s …")
        latency = timed(broker, folder, sizes, measured)
        return Measured(sizes, points, broker_start, tuple(rounds), latency)


def serve(folder: Path, load: Slice, core: int | None) -> float:
    """Microseconds of CPU a point, the start included."""
    folder.mkdir()
    with Served(folder, core) as server:
        server.measure(load)
        return server.cpu_nanoseconds / _MICROSECOND / load.points


def timed(broker: Broker, folder: Path, sizes: Sizes, core: int | None) -> Latency:
    with OnKafka(broker, folder, SHARDS, core) as worker:
        return measure_latency(worker, sizes.users, sizes.latency_seconds)


def passed(broker: Broker, folder: Path, load: Slice, users: int, core: int | None) -> Passed:
    """Through a new worker on new topics, which is then ended, and another one started in its place."""
    with OnKafka(broker, folder, SHARDS, core) as worker:
        before: Spent = worker.spent
        for second in (*load.seconds, load.closing):
            worker.send(second)
            worker.poll()
        worker.wait_for(load.requests)
        after = worker.spent
        snapshot = worker.leave()
        worker.restart()
        # Both had the same to do at their start, but for the state.
        restore = max(worker.spent.worker - before.worker, 0) / SECOND
        metrics, exports = worker.metrics_bytes_per_window, worker.exports_bytes
    return Passed(
        after.worker / _MICROSECOND / load.points,
        (after.worker - before.worker) / _MICROSECOND / load.points,
        (after.broker - before.broker) / _MICROSECOND / load.points,
        before.resident,
        max(after.resident - before.resident, 0),
        metrics,
        exports,
        snapshot,
        restore,
    )
