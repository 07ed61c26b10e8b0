"""Memory, files and alerts: what is flat, what grows, what stays."""

from reduse.soak import alerts, growth, memory
from reduse.soak.watched import Seen, parse

MIB = 2**20


def course(slope: float, seconds: int = 7200, part: str = "agent", pid: int = 1, at: float = 0.0) -> list[Seen]:
    """100 MiB, after the first two minutes with so many MiB more an hour."""
    return [
        Seen(at + second, {part: (pid, round((100 + slope * max(0, second - 120) / 3600) * MIB))})
        for second in range(0, seconds, 5)
    ]


def test_flat_memory_passes_and_growing_does_not() -> None:
    [flat] = memory.judged(course(1.0))
    [growing] = memory.judged(course(60.0))
    assert flat.passed
    assert round(flat.slope, 1) == 1.0
    assert not growing.passed
    assert round(growing.slope, 1) == 60.0


def test_memory_that_grows_from_one_life_to_the_next_is_seen() -> None:
    """Each life is flat, and each has 20 MiB more than the one before."""
    lives = [
        Seen(number * 600 + each.at, {"agent": (number, (100 + 20 * number) * MIB)})
        for number in range(12)
        for each in course(0.0, 600)
    ]
    [found] = memory.judged(lives)
    assert 100 < found.slope < 140
    assert not found.passed


def test_the_warm_up_of_each_life_is_left_out() -> None:
    lives = [
        Seen(number * 600 + each.at, {"agent": (number, min(100, 40 + round(each.at)) * MIB)})
        for number in range(12)
        for each in course(0.0, 600)
    ]
    [found] = memory.judged(lives)
    assert abs(found.slope) < 0.1
    assert found.passed


def test_a_slope_of_minutes_is_no_verdict_but_a_peak_is() -> None:
    [short] = memory.judged(course(60.0, 600))
    assert short.passed
    [high] = memory.judged([Seen(0.0, {"agent": (1, 4096 * MIB)})])
    assert not high.passed


def test_a_queue_that_stays_large_is_seen() -> None:
    def of(last: int) -> list[Seen]:
        return [Seen(0.0, sizes={"agent-queue": (MIB, 2)}), Seen(30.0, sizes={"agent-queue": (last, 2)})]

    assert all(each.passed for each in growth.judged(of(MIB)))
    assert not all(each.passed for each in growth.judged(of(48 * MIB)))


def test_alerts_of_the_load_are_none_of_faults() -> None:
    seen = [Seen(1.0, alerts=("Watchdog{}", 'MonitoringPartDown{job="agent"}')), Seen(2.0, alerts=("Watchdog{}",))]
    assert [(each.name, each.times) for each in alerts.fired(seen)] == [('MonitoringPartDown{job="agent"}', 1)]


def test_an_objective_looks_back_for_a_twelfth_of_its_window() -> None:
    name = 'ErrorBudgetBurning{job="shop-api",window="6h"}'
    assert alerts.may_stay(name, 29 * 60)
    assert not alerts.may_stay(name, 32 * 60)
    assert not alerts.may_stay("MonitoringPartDown{}", 1)


def test_a_line_that_was_being_written_is_left_out() -> None:
    whole = Seen(1.0, {"agent": (1, 2)}, {"log": (3, 4)}, ("Watchdog{}",))
    assert list(parse([whole.line(), whole.line()[:20]])) == [whole]
