"""The clock of a real service is set while it works: what it sends stays exact, in times that rise."""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from reduse.distro.base.clock import MILLISECOND, SECOND
from reduse.wire import user_hash
from tests.distro.clocks import SetClock, needs_faketime
from tests.distro.service import KEY, Service
from tests.otlp_receiver import OtlpReceiver, Received

pytestmark = [pytest.mark.server, needs_faketime]

DURATION = "http.server.request.duration"
USER_DURATION = "reduse.user.request.duration"
USERS = [f"user-{number}" for number in range(5)]
ROUNDS = 4


@pytest.mark.parametrize(
    ("story", "shown"),
    [
        pytest.param([0, -3600, 0], 0, id="an-hour-back-and-right"),
        pytest.param([0, 240, 0], 0, id="four-minutes-ahead-and-back"),
        pytest.param([600, 600], 600, id="ten-minutes-ahead"),
        pytest.param([-3600, 0], -3600, id="an-hour-behind-when-it-starts"),
        pytest.param([0, -5, -3600, 86400, 0], 0, id="to-and-fro"),
    ],
)
def test_exports_have_rising_times_and_exact_totals(story: Sequence[int], shown: int, tmp_path: Path) -> None:
    """`shown`: how far ahead the times are all the while, seconds; no step stands for two minutes."""
    clock = SetClock(tmp_path / "clock", story[0])
    began = time.time_ns()
    with OtlpReceiver() as receiver, Service(receiver.endpoint, **clock.variables) as service:
        for ahead in story:
            clock.set(ahead)
            for _ in range(ROUNDS):
                service.get("/plain", 1, USERS)
                time.sleep(0.25)
        output = service.terminate()
    ended = time.time_ns()
    served = len(story) * ROUNDS * len(USERS)
    assert receiver.total(DURATION) == served
    assert receiver.user_counts() == Counter(
        {user_hash(KEY.encode(), user): len(story) * ROUNDS for user in USERS} | {"-": 0}
    )
    for name in (DURATION, "process.cpu.time", "cpython.gc.collections", "reduse.distro.held"):
        _times_rise(receiver.named(name))
    _each_second_is_once(receiver.named(USER_DURATION))
    times = [point.time for point in receiver.named(DURATION)]
    assert began <= min(times) - shown * SECOND
    assert max(times) - shown * SECOND <= ended
    assert _increase(receiver.named(DURATION)) == served
    assert ("the clock jumped by" in output) == (len(set(story)) > 1)


def _times_rise(points: Sequence[Received]) -> None:
    series = {point.series for point in points}
    assert series
    for each in series:
        of_series = [point for point in points if point.series == each]
        assert all(point.start <= point.time for point in of_series)
        assert len({point.start for point in of_series}) == 1
        milliseconds = [point.time // MILLISECOND for point in of_series]
        assert milliseconds == sorted(set(milliseconds))


def _each_second_is_once(points: Sequence[Received]) -> None:
    intervals = sorted({(point.start, point.time) for point in points})
    assert all(before[1] == after[0] for before, after in pairwise(intervals))


def _increase(points: Sequence[Received]) -> float:
    values = [point.value for point in points]
    assert values == sorted(values)
    assert values[0] == 0
    return values[-1] - values[0]
