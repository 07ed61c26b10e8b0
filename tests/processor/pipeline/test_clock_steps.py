"""A clock that is set is told from time that passes."""

from reduse.processor.core.units import NANOSECONDS
from reduse.processor.pipeline.clock_steps import LEAST, ClockSteps


def test_what_the_clock_was_set_by_is_told_once_and_time_that_passes_never() -> None:
    wall, monotonic = [1_790_000_000 * NANOSECONDS], [5]
    steps = ClockSteps(lambda: wall[0], lambda: monotonic[0])

    def after(passed: int, set_by: int = 0) -> int:
        monotonic[0] += passed
        wall[0] += passed + set_by
        return steps()

    assert after(3600 * NANOSECONDS) == 0
    assert after(NANOSECONDS, set_by=-3600 * NANOSECONDS) == -3600 * NANOSECONDS
    assert after(NANOSECONDS) == 0
    assert after(NANOSECONDS, set_by=LEAST) == LEAST
    # NTP slews, however far it gets in the end.
    assert [after(NANOSECONDS, set_by=LEAST // 2) for _ in range(10)] == [0] * 10
