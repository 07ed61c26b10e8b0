"""Rounds of the same traffic are compared."""

import pytest

from benchmarks.processor.rounds import Limits, Measurement, measure_rounds
from benchmarks.processor.served import SERVED_DURABLE
from benchmarks.processor.traffic import ROTATION_SECONDS, SECOND, Slice, Traffic

BEGIN = 1_700_000_000 * SECOND


class Recorded:
    """Remembers what it was given; the first does not count."""

    def __init__(self) -> None:
        self.taken: list[Slice] = []

    def measure(self, load: Slice) -> float:
        self.taken.append(load)
        return float(len(self.taken))


def test_all_take_the_same_slices_and_the_first_one_is_not_measured() -> None:
    one, other = Recorded(), Recorded()
    reports: list[int] = []
    subjects = {"one": one, "other": other}
    measured = measure_rounds(subjects, Traffic(200, BEGIN), 2, Limits(3, 60), lambda m: reports.append(m.rounds))
    assert one.taken == other.taken
    assert [len(load.seconds) for load in one.taken] == [ROTATION_SECONDS, 2, 2, 2]
    assert measured.dps == {"one": [2, 3, 4], "other": [2, 3, 4]}
    assert reports == [1, 2, 3]


def test_one_round_is_measured_however_short_the_time() -> None:
    measured = measure_rounds({"one": Recorded()}, Traffic(200, BEGIN), 1, Limits(5, 0), lambda _: None)
    assert measured.rounds == 1


def test_a_ratio_is_that_of_medians_and_has_no_spread_from_what_rounds_share() -> None:
    others = [90.0, 110.0, 100.0, 130.0, 70.0]
    measured = Measurement({"upper": [2 * each for each in others], "lower": others})
    assert measured.ratio("upper", "lower") == pytest.approx((2, 2, 2))


def test_what_comes_once_in_a_few_rounds_is_not_left_out() -> None:
    """Two rounds of three take 10 ms a point, one takes 40 ms."""
    measured = Measurement({SERVED_DURABLE: [100.0, 100.0, 25.0], "lower": [100.0, 100.0, 100.0]})
    assert measured.overall(SERVED_DURABLE) == pytest.approx(50)
    found = measured.ratio(SERVED_DURABLE, "lower")
    assert found is not None
    assert found[0] == pytest.approx(0.5)
    assert found[1] <= found[0] <= found[2]


def test_a_slow_moment_of_the_machine_counts_for_both() -> None:
    """In the last round everything takes four times as long."""
    moments = [100.0, 100.0, 100.0, 25.0]
    measured = Measurement({SERVED_DURABLE: [each / 5 for each in moments], "lower": moments})
    assert measured.ratio(SERVED_DURABLE, "lower") == pytest.approx((0.2, 0.2, 0.2))


def test_what_was_not_measured_has_no_ratio() -> None:
    assert Measurement({"upper": [1.0]}).ratio("upper", "lower") is None
    assert Measurement().estimate("upper") is None
    assert Measurement().rounds == 0
