"""Latencies count from the last record that a window waited for."""

from benchmarks.processor.traffic import SECOND
from benchmarks.scaling.latency import latencies

MILLISECOND = SECOND // 1000


def test_a_window_waits_for_the_first_export_of_each_instance_that_ends_with_it_or_later() -> None:
    half = SECOND // 2
    appended = {
        (1 * SECOND, 0): 1_010,
        (2 * SECOND, 0): 2_010,
        (1 * SECOND + half, 1): 1_520,
        (2 * SECOND + half, 1): 2_520,
    }
    found = latencies(appended, {1 * SECOND: 1_600, 2 * SECOND: 2_550})
    assert found.after_last == (0.08, 0.03)
    assert [round(seconds, 3) for seconds in found.after_end] == [0.6, 0.55]


def test_a_window_whose_exports_have_not_come_is_none() -> None:
    assert latencies({(SECOND, 0): 1_010}, {SECOND: 1_600}).after_last == ()
