"""The times of exports rise with time itself, whatever is done to the clock."""

import logging
from collections.abc import Iterable
from time import time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.base.clock import (
    BELIEVED_AFTER,
    LARGEST_LEAD,
    LEAST_ADVANCE,
    MILLISECOND,
    SECOND,
    SLOWER_BY,
    STEP,
    ExportClock,
    ExportTime,
    Reading,
    SystemClocks,
)

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
# The moment at which the tests begin, by both clocks: 2026-11-29.
WALL, STEADY = 1_795_910_400 * SECOND, 1000 * SECOND

STEPS = st.one_of(
    st.just(0),
    st.just(0),
    st.integers(-2 * STEP, 2 * STEP),
    st.sampled_from([-HOUR, HOUR, -4 * MINUTE, 4 * MINUTE, -10 * MINUTE, 10 * MINUTE]),
    st.integers(-HOUR, HOUR),
)
INTERVALS = st.one_of(st.integers(1, 2 * MILLISECOND), st.just(SECOND), st.integers(SECOND, 70 * SECOND))


class Machine:
    """Two clocks that can be set, and the export clock that reads them each second or as often as it is told."""

    def __init__(self, age: int = 0) -> None:
        self.reading = Reading(WALL, STEADY)
        self.clock = ExportClock(self.reading, age)
        self.times: list[ExportTime] = []

    def passes(self, nanoseconds: int = SECOND) -> ExportTime:
        self.reading = Reading(self.reading.wall + nanoseconds, self.reading.steady + nanoseconds)
        return self.exports()

    def exports(self) -> ExportTime:
        self.times.append(self.clock.next(self.reading))
        return self.times[-1]

    def second_by_second(self, seconds: int) -> ExportTime:
        for _ in range(seconds):
            last = self.passes()
        return last

    def step(self, wall: int, steady: int = 0) -> None:
        self.reading = Reading(self.reading.wall + wall, self.reading.steady + steady)

    @property
    def elapsed(self) -> int:
        return self.reading.steady - STEADY


@given(st.lists(st.tuples(INTERVALS, STEPS), max_size=60))
def test_times_rise_by_a_millisecond_or_more_and_as_fast_as_time_passes(story: list[tuple[int, int]]) -> None:
    machine = Machine()
    last_end = WALL
    for interval, step in story:
        machine.step(step)
        time = machine.passes(interval)
        assert time.previous == last_end - time.set_back, "the collections of one time line leave no gap"
        assert time.end - time.previous >= LEAST_ADVANCE
        assert time.end - time.previous >= interval - interval // SLOWER_BY - 1, "no rate is more than 1 % too high"
        assert time.set_back == 0 or time.set_back > LARGEST_LEAD
        assert time.interpreter_start <= time.process_start <= time.previous
        last_end = time.end


@given(st.lists(st.tuples(INTERVALS, STEPS, st.sampled_from([0, 0, 0, -HOUR, -SECOND, HOUR])), max_size=60))
def test_times_rise_even_when_the_steady_clock_is_set(story: list[tuple[int, int, int]]) -> None:
    machine = Machine()
    for interval, wall, steady in story:
        machine.step(wall, steady)
        time = machine.passes(interval)
        assert time.end - time.previous >= LEAST_ADVANCE
    milliseconds = [time.end // MILLISECOND for time in machine.times]
    assert all(
        before < after or time.set_back
        for before, after, time in zip(milliseconds, milliseconds[1:], machine.times[1:], strict=False)
    )


@given(st.lists(st.tuples(INTERVALS, STEPS), max_size=30))
def test_a_clock_that_is_left_alone_is_met_in_the_end(story: list[tuple[int, int]]) -> None:
    machine = Machine()
    for interval, step in story:
        machine.step(step)
        machine.passes(interval)
    machine.second_by_second(BELIEVED_AFTER // SECOND + 1)
    while machine.clock.lead > 0:
        machine.passes(100 * MINUTE)
    assert machine.passes().end == machine.reading.wall


@pytest.mark.parametrize("step", [-HOUR, 4 * MINUTE, 10 * MINUTE, HOUR])
def test_a_step_that_is_undone_within_two_minutes_moves_nothing(step: int) -> None:
    machine = Machine()
    machine.step(step)
    machine.second_by_second(119)
    assert machine.clock.lead == -step / SECOND
    machine.step(-step)
    machine.second_by_second(10)
    assert [time.end - WALL for time in machine.times] == [(number + 1) * SECOND for number in range(129)]
    assert machine.clock.lead == 0


def test_a_step_forward_that_stands_is_followed() -> None:
    machine = Machine()
    machine.step(4 * MINUTE)
    assert machine.second_by_second(120).end == WALL + machine.elapsed
    assert machine.second_by_second(1).end == machine.reading.wall


@pytest.mark.slow
def test_a_step_back_that_stands_is_worked_off_one_per_cent_slow() -> None:
    machine = Machine()
    machine.step(-4 * MINUTE)
    machine.second_by_second(121)
    assert machine.clock.lead == 240
    for _ in range(4 * 60 * SLOWER_BY):
        time = machine.passes()
        assert time.end - time.previous == SECOND - SECOND // SLOWER_BY
        assert not time.set_back
    assert machine.passes().end == machine.reading.wall


def test_times_that_were_too_far_ahead_to_be_stored_are_left_at_once_with_all_that_began_in_them() -> None:
    machine = Machine(age=5 * SECOND)
    before = machine.second_by_second(30)
    machine.step(-10 * MINUTE)
    machine.second_by_second(120)
    last = machine.times[-1]
    time = machine.second_by_second(1)
    assert time.set_back == 10 * MINUTE
    assert time.end == machine.reading.wall
    assert time.previous == last.end - 10 * MINUTE
    assert before.process_start == WALL - 5 * SECOND
    assert time.process_start == before.process_start - 10 * MINUTE
    assert not machine.second_by_second(1).set_back


def test_small_corrections_are_followed_at_once_and_never_back() -> None:
    machine = Machine()
    machine.step(SECOND // 2)
    assert machine.passes().end == machine.reading.wall
    machine.step(-SECOND // 2)
    assert machine.passes().end == machine.reading.wall + SECOND // 2
    machine.step(SECOND // 4)
    assert machine.passes().end == machine.reading.wall + SECOND // 4 - SECOND // SLOWER_BY


@pytest.mark.parametrize("step", [-HOUR, -2 * SECOND])
def test_both_clocks_are_set_back_and_right_again(step: int) -> None:
    """What some virtual machines and test tools do."""
    machine = Machine()
    machine.second_by_second(10)
    machine.step(step, step)
    machine.second_by_second(60)
    machine.step(-step, -step)
    assert machine.second_by_second(10).end == machine.reading.wall
    assert [time.end for time in machine.times] == sorted({time.end for time in machine.times})


def test_a_clock_that_runs_a_tenth_too_fast_is_followed_though_its_step_grows() -> None:
    machine = Machine()
    for _ in range(10):
        machine.step(6 * SECOND)
        machine.passes(MINUTE)
    assert machine.reading.wall - machine.times[-1].end <= 3 * 6 * SECOND


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_step_is_said_once_and_once_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    machine = Machine()
    machine.step(-HOUR)
    machine.second_by_second(60)
    machine.step(HOUR)
    machine.second_by_second(60)
    assert said(caplog) == [
        "the clock jumped by -3600 s: the times of exports follow it if it stays so for 120 s",
        "the clock is right again after a jump of -3600 s",
    ]


@pytest.mark.parametrize(
    ("step", "consequence"),
    [
        (HOUR, "go forward, too"),
        (-MINUTE, "run 1 % slow until they agree with it, in 6000 s"),
        (-HOUR, "go back, too"),
    ],
)
def test_what_becomes_of_a_step_is_said(step: int, consequence: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    machine = Machine()
    machine.step(step)
    machine.second_by_second(200)
    assert len(said(caplog)) == 2
    assert said(caplog)[1].endswith(consequence)


def test_the_clocks_of_the_machine() -> None:
    clocks = SystemClocks()
    first, second = clocks.read(), clocks.read()
    assert second.steady >= first.steady
    assert abs(first.wall - time_ns()) < HOUR
    assert 0 < clocks.age() < 24 * HOUR


def test_no_two_exports_of_a_real_process_share_a_millisecond() -> None:
    clocks = SystemClocks()
    clock = ExportClock(clocks.read())
    assert _distinct(clock.next(clocks.read()).end // MILLISECOND for _ in range(100))


def _distinct(values: Iterable[int]) -> bool:
    listed = list(values)
    return len(set(listed)) == len(listed)
