"""Rings of a moving window are packed and moved, and reject as if each user had a list."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.limit import Limit, Period
from reduse.what_if import moving_window
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.replay import replay
from tests.what_if.models import rejected
from tests.what_if.recorded import Second, batches

START = 1_800_000_000
SENT = st.lists(st.dictionaries(st.integers(1, 12), st.integers(1, 30), max_size=8), min_size=20, max_size=60)


@pytest.mark.slow
@given(SENT, st.integers(1, 40), st.integers(1, 9))
def test_packing_changes_nothing(sent: list[dict[int, int]], burst: int, step: int) -> None:
    seconds = [
        Second(START + number, {(user, ""): count for user, count in of_second.items()})
        for number, of_second in enumerate(sent)
    ]
    end = START + len(seconds)
    limiter = Limiter(Limit(3, Period.SECOND), burst, Kind.MOVING_WINDOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moving_window, "_FEW", 0)
        answer = replay(
            batches(seconds, [*range(START, end, step), end]),
            [limiter],
            service="s",
            first=START,
            start=START,
            end=end,
            users=99,
        )
    expected = {}
    for user in range(1, 13):
        of_user = [(each.second, each.sent[user, ""]) for each in seconds if (user, "") in each.sent]
        expected[f"{user:016x}"] = sum(rejected(limiter, of_user, set()))
    assert {each.user: each.rejected for each in answer.effects[0].users} == {
        user: number for user, number in expected.items() if number
    }


def test_costs_may_come_later_than_requests_that_cost_one() -> None:
    seconds = [
        Second(START, {(7, ""): 4}),
        Second(START + 1, {(7, "price"): 4}),
        Second(START + 2, {(7, ""): 4, (7, "price"): 4}),
    ]
    answer = replay(
        batches(seconds, [START, START + 1, START + 2, START + 3]),
        [Limiter(Limit(12, Period.MINUTE), 12, Kind.MOVING_WINDOW)],
        service="s",
        first=START,
        start=START,
        end=START + 3,
        costs={"price": 3},
    )
    # 12 tokens: four requests for one each, two for three each, and one more for the mean of both.
    assert answer.effects[0].rejected == 16 - 4 - 2 - 1
    assert np.array_equal(answer.effects[0].rejected_by_user, [9])
