"""A fault is one line when it begins, one a minute while it lasts, and one when it has ended."""

import logging

import pytest

from reduse.processor.faults import END_SECONDS, FAULTS_LIMIT, Faults

LOGGER = logging.getLogger("faults")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_fault_of_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    faults = Faults(LOGGER, clock)
    begun = []
    for second in range(3720):
        clock.now += 1
        faults.look()
        if second < 3600:
            begun.append(faults.meet("refused points of a", "the cure", 2))

    assert begun == [True] + [False] * 3599
    first, *still, last = caplog.messages
    assert first == "refused points of a: 2 (the cure)"
    assert len(still) == 60
    assert still[0] == "still happens, after 60 s: refused points of a: 118 more (the cure)"
    assert last == "no longer happens, after 3599 s: refused points of a: 7200 in total"


def test_faults_do_not_hide_each_other_and_one_that_comes_back_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    faults = Faults(LOGGER, clock)
    faults.meet("one")
    faults.meet("other")
    clock.now += END_SECONDS
    faults.look()
    faults.meet("one")

    ends = ["no longer happens, after 0 s: one: 1 in total", "no longer happens, after 0 s: other: 1 in total"]
    assert caplog.messages == ["one: 1", "other: 1", *ends, "one: 1"]


def test_there_is_room_for_so_many(caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults(LOGGER, Clock())
    for number in range(3 * FAULTS_LIMIT):
        faults.meet(f"fault {number}")

    assert len(caplog.messages) == FAULTS_LIMIT + 1
    assert caplog.messages[-1] == "other faults: 1"
