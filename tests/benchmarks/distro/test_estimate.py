"""Medians of paired differences and their intervals."""

import pytest

from benchmarks.distro.estimate import Estimate, estimate, ratio


def test_the_interval_is_around_the_median_and_narrows_with_more_rounds() -> None:
    few = estimate([4.0, 5.0, 6.0, 7.0, 5.5, 4.5, 6.5, 5.0])
    many = estimate([4.0, 5.0, 6.0, 7.0, 5.5, 4.5, 6.5, 5.0] * 20)
    assert few.low <= few.median <= few.high
    assert few.median == many.median
    assert many.half_width < few.half_width
    assert (few.lower_quartile, few.upper_quartile) == (4.875, 6.125)
    assert few.rounds == 8


@pytest.mark.parametrize(
    ("median", "half_width", "steady"), [(5.0, 1.9, True), (5.0, 2.1, False), (100.0, 9.9, True), (100.0, 10.1, False)]
)
def test_steady_is_two_microseconds_or_a_tenth(median: float, half_width: float, steady: bool) -> None:
    found = Estimate(median, median - half_width, median + half_width, median, median, 10)
    assert found.steady is steady


def test_a_ratio_of_the_same_rounds_has_no_spread_from_what_they_share() -> None:
    others = [90.0, 110.0, 100.0, 130.0, 70.0]
    value, low, high = ratio([each / 10 for each in others], others)
    assert (value, low, high) == pytest.approx((0.1, 0.1, 0.1))
