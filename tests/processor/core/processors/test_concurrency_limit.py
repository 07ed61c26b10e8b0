"""Time above each limit is that of the windows that were above it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors.concurrency_limit import ConcurrencyLimit
from tests.processor.builders import values, window

# Every request takes 10 ms: 100 of them in a second are one at once.
LIMITS = (0.5, 1.0, 2.0)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 120), *[st.integers(0, 60)] * 3), min_size=1, max_size=12), st.integers(0, 12))
def test_every_request_takes_its_part_of_the_second(loads: list[tuple[int, int, int, int]], restart: int) -> None:
    options = Options(concurrency_limits=LIMITS)
    processor = ConcurrencyLimit(options)
    concurrencies = []
    for index, (user, anonymous, overflow, untracked) in enumerate(loads):
        if index == restart:
            state = unpack(pack(processor.dump()))
            processor = ConcurrencyLimit(options)
            processor.load(state)
        metrics = list(processor.process(window({1: user}, index, anonymous, overflow, untracked)))
        concurrencies.append((user + anonymous + overflow + untracked) / 100)
    assert values(metrics, "reduse.service.concurrency") == {"": concurrencies[-1]}
    assert values(metrics, "reduse.service.observed") == {"": len(loads)}
    assert values(metrics, "reduse.concurrency_limit.above") == {
        f"{limit:g}": sum(each > limit for each in concurrencies) for limit in LIMITS
    }


def test_a_quiet_service_has_no_concurrency() -> None:
    (metric,) = ConcurrencyLimit(Options()).quiet()
    assert [point.value for point in metric.points] == [None]


def test_a_changed_ladder_that_has_new_limits_begins_anew_so_that_shares_stay_true() -> None:
    before = ConcurrencyLimit(Options(concurrency_limits=(1.0, 2.0)))
    list(before.process(window({1: 500})))
    state = unpack(pack(before.dump()))
    for limits, above, observed in (((2.0,), {"2": 2.0}, 2.0), ((2.0, 5.0), {"2": 1.0, "5": 0.0}, 1.0)):
        after = ConcurrencyLimit(Options(concurrency_limits=limits))
        after.load(state)
        metrics = list(after.process(window({1: 500}, 1)))
        assert values(metrics, "reduse.concurrency_limit.above") == above
        assert values(metrics, "reduse.service.observed") == {"": observed}
