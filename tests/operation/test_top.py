"""Which limits touch a user."""

from reduse.operation.top import largest_passed


def test_a_limit_touches_who_went_above_it() -> None:
    ladder = [1.0, 2.0, 5.0, 10.0]
    assert largest_passed(ladder, 6) == 5
    assert largest_passed(ladder, 5) == 2
    assert largest_passed(ladder, 0.5) is None
    assert largest_passed([], 100) is None
