"""What is asked in words becomes limiters; what is wrong is said with the option and the cure."""

import pytest

from reduse.limit import Limit, Period
from reduse.recommendation.errors import ChoiceError
from reduse.what_if import asked
from reduse.what_if.limiter import Kind, Limiter, Window

BUCKET, FIXED, MOVING = Kind.TOKEN_BUCKET, Kind.FIXED_WINDOW, Kind.MOVING_WINDOW


def test_limits_have_periods_of_their_own_or_the_one_that_is_named() -> None:
    found = asked.limiters(["7.5", "10/s"], "minute", 20, BUCKET, 1)
    assert found == [Limiter(Limit(7.5, Period.MINUTE), 20), Limiter(Limit(10, Period.SECOND), 20)]


def test_a_burst_is_that_of_a_period_and_by_the_second_that_of_two() -> None:
    found = asked.limiters(["60/minute", "10"], None, None, BUCKET, 1)
    assert [each.capacity for each in found] == [60, 20]


def test_windows_let_through_what_a_bucket_holds() -> None:
    (minute, second, fixed) = (
        *asked.limiters(["60/minute", "10"], None, None, MOVING, 1),
        *asked.limiters(["60/minute"], None, None, FIXED, 1),
    )
    assert (minute.window, second.window, fixed.window) == (Window(60, 60), Window(20, 2), Window(60, 60))
    assert Limiter(Limit(0.1, Period.SECOND), 1, MOVING).window == Window(1, 10)


@pytest.mark.parametrize(
    ("limits", "per", "burst", "kind", "said"),
    [
        ([], None, None, BUCKET, "--limit 60/minute"),
        (["x"], None, None, BUCKET, "'x' is not a number"),
        (["5/week"], None, None, BUCKET, "'week' is no period"),
        (["5"], "week", None, BUCKET, "--per: 'week'"),
        (["5"], None, 0.5, BUCKET, "--burst 0.5"),
        (["5"], None, float("inf"), BUCKET, "--burst inf"),
        (["5"], None, 9, FIXED, "a fixed window has none"),
        (["0.5"], None, None, FIXED, "name a longer period"),
        (["5"] * 33, None, None, BUCKET, "at most 32"),
    ],
)
def test_what_is_wrong_is_said(limits: list[str], per: str | None, burst: float | None, kind: Kind, said: str) -> None:
    with pytest.raises(ChoiceError, match=said):
        asked.limiters(limits, per, burst, kind, 1)


def test_costs_are_by_policy() -> None:
    assert asked.costs(["price=5", "=0.5"]) == {"price": 5, "": 0.5}
    for text in ("price", "price=", "price=x", "price=0", "price=nan", "price=-1"):
        with pytest.raises(ChoiceError, match="like price=5"):
            asked.costs([text])
