"""A start waits for samples of its own: the store shows those of the start before it for some minutes."""

from dataclasses import replace

import pytest

from reduse.operation.check import RowResult, judge
from reduse.stack.live import is_live
from reduse.store.answer import Sample
from tests.reference import ROWS

STARTED_AGO = 12.0


def passed(age: float) -> RowResult:
    found = judge(ROWS[0], [Sample({"status": "200"}, 0.0, 1.0)], age)
    assert found.passed
    return found


@pytest.mark.parametrize("age", [0.0, 3.0, ROWS[0].maximum_age])
def test_a_row_with_a_sample_since_the_start_is_live(age: float) -> None:
    assert is_live(passed(age), STARTED_AGO)


def test_a_sample_from_before_the_start_does_not_make_a_row_live_however_young_it_is() -> None:
    assert not is_live(passed(3.0), 2.9)


def test_a_row_that_fails_is_not_live_whenever_its_sample_came() -> None:
    assert not is_live(replace(passed(1.0), passed=False), STARTED_AGO)
    assert not is_live(judge(ROWS[0], [], None), STARTED_AGO)
