"""Rounds are compared within themselves."""

import pytest

from benchmarks.distro.rounds import LEAST_ROUNDS, MEASURED_REQUESTS, WARMING_REQUESTS, Measurement
from benchmarks.distro.subjects import BARE, CONTRIB, OURS, OURS_RED

NAMES = (BARE, OURS_RED, OURS, "other", CONTRIB)


def measured(rounds: list[dict[str, float]], **background_ms: float) -> Measurement:
    """Rounds in which each of these took so many microseconds a request."""
    measurement = Measurement(dict.fromkeys(NAMES, 2.0) | background_ms, dict.fromkeys(NAMES, 1000))
    for each in rounds:
        for name, cpu_us in each.items():
            measurement.add(name, cpu_us)
    return measurement


def test_a_machine_that_gets_slower_from_round_to_round_does_not_show() -> None:
    drifting: list[dict[str, float]] = [
        {BARE: base, OURS_RED: base + 2, OURS: base + 4, "other": base + 90, CONTRIB: base + 500}
        for base in range(200, 200 + LEAST_ROUNDS)
    ]
    found = measured(drifting)
    assert found.added(OURS).median == 4
    assert found.added(OURS).half_width == 0
    assert found.lightest() == "other"
    assert found.deciding() == (OURS, "other", CONTRIB)
    assert found.requests == dict.fromkeys(NAMES, 1000 + LEAST_ROUNDS * (WARMING_REQUESTS + MEASURED_REQUESTS))
    assert found.steady


ROUND = {BARE: 200.0, OURS_RED: 202.0, OURS: 204.0, "other": 290.0, CONTRIB: 700.0}


def test_a_few_rounds_are_never_steady() -> None:
    assert not measured([ROUND] * (LEAST_ROUNDS - 1)).steady
    assert measured([ROUND] * LEAST_ROUNDS).steady


def test_the_background_is_spread_over_the_requests_that_a_second_has_room_for() -> None:
    """5 ms more than bare in each second, and 200 µs a request: 5,000 requests share them."""
    found = measured([ROUND] * 3, **{OURS: 7.0, CONTRIB: 2.0})
    assert found.background_us(OURS) == pytest.approx(1.0)
    assert found.added(OURS).median == pytest.approx(5.0)
    assert found.background_us(CONTRIB) == 0
    assert found.added("other").median == 90.0
