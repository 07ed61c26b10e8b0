"""Rounds are compared within themselves."""

from tests.benchmarks.distro.rounds import LEAST_ROUNDS, Measurement, Slice
from tests.benchmarks.distro.subjects import BARE, CONTRIB, OURS, OURS_RED

NAMES = (BARE, OURS_RED, OURS, "other", CONTRIB)


def measured(rounds: list[dict[str, float]]) -> Measurement:
    """Rounds in which each of these took so many microseconds a request."""
    measurement = Measurement({name: [] for name in NAMES}, dict.fromkeys(NAMES, 0))
    for each in rounds:
        for name, cpu_us in each.items():
            measurement.add(name, [Slice(int(cpu_us * 100 * 1000), 100, 150)])
    return measurement


def test_a_machine_that_gets_slower_from_round_to_round_does_not_show() -> None:
    drifting: list[dict[str, float]] = [
        {BARE: base, OURS_RED: base + 2, OURS: base + 4, "other": base + 90, CONTRIB: base + 500}
        for base in range(200, 400, 10)
    ]
    found = measured(drifting)
    assert found.added(OURS).median == 4
    assert found.added(OURS).half_width == 0
    assert found.lightest() == "other"
    assert found.deciding() == (OURS, "other", CONTRIB)
    assert found.requests == dict.fromkeys(NAMES, 150 * 20)
    assert found.steady


def test_a_few_rounds_are_never_steady() -> None:
    one = {BARE: 200.0, OURS_RED: 202.0, OURS: 204.0, "other": 290.0, CONTRIB: 700.0}
    assert not measured([one] * (LEAST_ROUNDS - 1)).steady
    assert measured([one] * LEAST_ROUNDS).steady


def test_slices_of_a_round_are_one_figure_by_their_requests() -> None:
    measurement = Measurement({BARE: []}, {BARE: 0})
    measurement.add(BARE, [Slice(100_000, 1, 11), Slice(600_000, 3, 13)])
    assert measurement.cpu_us[BARE] == [175.0]
    assert measurement.requests[BARE] == 24
