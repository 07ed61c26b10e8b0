"""A real processor: its history is what its own counters count, through kill -9, clean stops and a full disk."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.history.reading import Reading, read
from reduse.processor.core.columns import Export, Kind, Stream
from reduse.processor.core.engine import Engine
from reduse.processor.core.ladder import Ladder
from reduse.processor.core.options import Options
from reduse.processor.core.processors.rate_limit import RateLimit
from tests.ports import free_port
from tests.processor.exports import SECOND, point, request
from tests.processor.process import Client, Running, running
from tests.processor.sink import Sink
from tests.small_disk import small_disk
from tests.waiting import wait_until

pytestmark = pytest.mark.server

USERS, SECONDS = 40, 90
SETTINGS = {"COMMIT_INTERVAL_SECONDS": "0.01", "LIMITS": "1,2,5@2", "IDLE_SECONDS": "2"}
Row = tuple[int, int, str, int, int]


class Schedule:
    """A second of requests after the other, from `begin` on (Unix seconds), and what the history is to say of them."""

    def __init__(self, begin: int) -> None:
        self.random = random.Random(7)  # noqa: S311 - the same at each run
        self.begin = self.next = begin
        self.rows: Counter[Row] = Counter()
        self.anonymous = 0

    def second(self) -> ExportMetricsServiceRequest:
        begin, points = self.next, []
        for user in range(USERS):
            for policy in ("", "price"):
                counts = {throttled: self.random.choice([0, 0, 1, 3, user]) for throttled in (False, True)}
                for throttled, count in counts.items():
                    points.append(
                        point(
                            begin * SECOND,
                            (begin + 1) * SECOND,
                            count,
                            f"{user + 1:016x}",
                            policy=policy,
                            throttled=throttled,
                        )
                    )
                if sum(counts.values()):
                    self.rows[begin, user + 1, policy, sum(counts.values()), counts[True]] += 1
        points.append(point(begin * SECOND, (begin + 1) * SECOND, 2))
        self.anonymous += 2
        self.next += 1
        return request(points)


def rows(reading: Reading) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for batch in reading:
        of = batch.rows
        for second, user, policy, count, throttled in zip(
            *(column.tolist() for column in (of.seconds, of.users, of.policy, of.counts, of.throttled)), strict=True
        ):
            found[second, user, of.policies[policy], count, throttled] += 1
    return found


def replayed(found: Counter[Row], begin: int, end: int) -> dict[str, int]:
    """What the processor's own buckets reject of the rows of a history, by limit."""
    core = Engine([RateLimit], Options(ladders=(Ladder((1, 2, 5), 2.0),)))
    loads: dict[int, Counter[int]] = {second: Counter() for second in range(begin, end)}
    for second, user, _, count, _ in found.elements():
        loads[second][user] += count
    rejected: dict[str, int] = {}
    for second, load in loads.items():
        users = sorted(load)
        counts = np.array([*(load[user] for user in users), 0], np.int64)
        kinds = np.array([Kind.USER] * len(users) + [Kind.ANONYMOUS], np.uint8)
        columns = kinds, np.array([*users, 0], np.uint64), counts, counts
        now = (second + 1) * SECOND
        core.apply([Export(Stream("mes-api", "one"), second * SECOND, now, *columns)], now)
        for emission in [each for command in core.due(now) for each in core.execute(command)]:
            (metric,) = (each for each in emission.metrics if each.name == "reduse.rate_limit.rejected")
            rejected = {dict(each.attributes)["limit"]: int(each.value or 0) for each in metric.points}  # type: ignore[arg-type]
    return rejected


def own_counters(sink: Sink) -> dict[str, int]:
    found = sink.samples("reduse.rate_limit.rejected")
    return {dict(key)["limit"]: points[max(points)].as_int for key, points in found.items()}


def closed_through(sink: Sink) -> int:
    """The end of the newest window that was sent (Unix seconds)."""
    times = [time for points in sink.samples("reduse.user.requests").values() for time in points]
    return max(times, default=0) // SECOND


def wait_for(sink: Sink, end: int) -> None:
    wait_until(lambda: closed_through(sink) >= end, "the last window")


def test_the_history_is_what_the_counters_count_through_kills_and_stops(tmp_path: Path, sink: Sink) -> None:
    schedule, port, state = Schedule(int(time.time()) - 200), free_port(), tmp_path / "state"
    client = Client(port)
    for life in range(6):
        with running(state, sink.port, port, 0, **SETTINGS) as processor:
            for _ in range(SECONDS // 6):
                client.send_until_taken(schedule.second())
            if life == 5:
                wait_for(sink, schedule.next)
            if life % 3 == 2:
                assert processor.terminate() == 0
            else:
                processor.kill()
    client.close()
    reading = read(state / "history", "mes-api", schedule.begin * SECOND, schedule.next * SECOND)
    found = rows(reading)
    assert found == schedule.rows
    assert not reading.gaps
    assert replayed(found, schedule.begin, schedule.next) == own_counters(sink)
    assert sum(int(batch.totals.counts[0].sum()) for batch in reading) == schedule.anonymous
    assert all(path.stat().st_mode & 0o077 == 0 for path in (state / "history").iterdir())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system for the history alone, in memory."""
    with small_disk(tmp_path / "disk", 1) as folder:
        yield folder


def test_a_full_disk_costs_the_history_alone_and_is_told(tmp_path: Path, sink: Sink, disk: Path) -> None:
    schedule, port, state = Schedule(int(time.time()) - 200), free_port(), tmp_path / "state"
    client, settings, folder = Client(port), {**SETTINGS, "HISTORY_DIR": str(disk / "history")}, disk / "history"

    def send(processor: Running, seconds: int) -> None:
        before = heard(processor)
        for _ in range(seconds):
            client.send_until_taken(schedule.second())
        # The last window closes as the next second says that it is complete, or after a silence.
        wait_for(sink, schedule.next)
        # The gateway has it a moment before the history.
        wait_until(lambda: heard(processor) == before + seconds, "each window in the history, or dropped")

    def heard(processor: Running) -> float:
        return processor.metric("reduse_processor_history_windows_total") + dropped(processor)

    def dropped(processor: Running) -> float:
        return processor.metric("reduse_processor_history_windows_dropped_total", reason="disk")

    ballast = disk / "ballast"
    with running(state, sink.port, port, 0, **settings) as processor:
        send(processor, 10)
        kept_through = schedule.next
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        send(processor, 10)
        assert dropped(processor) == 10
        assert processor.answers("/readyz")
        # The state has a snapshot, and the log before it is gone.
        assert processor.terminate() == 0
    with running(state, sink.port, port, 0, **settings) as processor:
        reading = read(folder, "mes-api", schedule.begin * SECOND, schedule.next * SECOND)
        assert [(gap.begin, gap.end) for gap in reading.gaps] == [(kept_through, schedule.next)]
        missing_through = schedule.next
        ballast.unlink()
        send(processor, 10)
        processor.kill()
    client.close()
    reading = read(folder, "mes-api", schedule.begin * SECOND, schedule.next * SECOND)
    found = rows(reading)
    assert [(gap.begin, gap.end) for gap in reading.gaps] == [(kept_through, missing_through)]
    expected = {row: times for row, times in schedule.rows.items() if not kept_through <= row[0] < missing_through}
    assert found == expected
    # Nothing else was lost: with what is missing the counters are what they would have been.
    assert replayed(schedule.rows, schedule.begin, schedule.next) == own_counters(sink)
    assert (state.with_suffix(".log").read_text()).count("windows are not recorded in the history") >= 1
