"""A blocked event loop shows, a loop is watched once, and no longer than it lives."""

import asyncio
import gc
import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from threading import Thread
from typing import Any
from weakref import ref

import pytest
import uvloop

from reduse.distro.base.aggregation import HistogramState
from reduse.distro.sources.runtime.event_loop import DELAY_BOUNDS, INTERVAL_SECONDS, EventLoopDelay

KINDS = pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])


def run(factory: Callable[[], Any], work: Any) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)


def delays(delay: EventLoopDelay) -> HistogramState:
    state = delay.states(1)
    assert state is not None
    (series,) = state
    return series


@KINDS
def test_a_block_is_seen_for_about_as_long_as_it_held_up_a_timer(factory: Callable[[], Any]) -> None:
    delay = EventLoopDelay()
    block = 3 * INTERVAL_SECONDS

    async def work() -> None:
        delay.watch()
        time.sleep(block)  # noqa: ASYNC251 - that is the point
        await asyncio.sleep(INTERVAL_SECONDS / 2)

    run(factory, work())
    series = delays(delay)
    assert sum(series.bucket_counts) >= 1
    # The timer was due a tenth of a second after the block began.
    assert series.total >= block - INTERVAL_SECONDS - 0.005
    assert series.attributes == {}
    assert len(series.bucket_counts) == len(DELAY_BOUNDS) + 1


@KINDS
def test_a_loop_is_watched_once_however_often_it_is_asked_for(factory: Callable[[], Any]) -> None:
    delay = EventLoopDelay()

    async def work() -> None:
        for _ in range(5):
            delay.watch()
        await asyncio.sleep(INTERVAL_SECONDS * 1.5)

    run(factory, work())
    assert 1 <= sum(delays(delay).bucket_counts) < 5


@pytest.mark.slow
@KINDS
def test_the_timer_does_not_keep_its_loop(factory: Callable[[], Any]) -> None:
    """Neither running nor in memory, nor the context that it was started in."""
    delay = EventLoopDelay()
    loops: list[ref[Any]] = []
    values: list[ref[Any]] = []

    class Value:
        pass

    variable: ContextVar[Value] = ContextVar("variable")

    async def work() -> None:
        value = Value()
        variable.set(value)
        delay.watch()
        loops.append(ref(asyncio.get_running_loop()))
        values.append(ref(value))

    started = time.monotonic()
    run(factory, work())
    assert time.monotonic() - started < 10
    gc.collect()
    assert [each() for each in loops + values] == [None, None]


def test_each_thread_with_a_loop_counts_and_one_without_has_nothing_to_report() -> None:
    delay = EventLoopDelay()
    delay.watch()
    assert delay.states(1) is None

    async def work() -> None:
        delay.watch()
        await asyncio.sleep(INTERVAL_SECONDS * 1.5)

    threads = [Thread(target=asyncio.run, args=(work(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(delays(delay).bucket_counts) >= 3


def test_a_timer_that_fires_early_counts_as_no_delay() -> None:
    times = iter([10.0, 10.0999, 10.1])
    delay = EventLoopDelay(now=lambda: next(times))

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later = lambda *_args, **_kwargs: None  # type: ignore[method-assign, assignment]
        delay.watch()
        delay._fire(loop, 10.1, delay._watched)

    asyncio.run(work())
    assert delays(delay).total == 0


def test_a_forked_child_watches_loops_of_its_own() -> None:
    """The parent's timer ends in the child; a new watch of the same loop starts one."""
    delay = EventLoopDelay()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        delay.watch()
        parents = delay._watched
        delay.reset()
        assert delay.states(1) is None
        delay.watch()
        delay._fire(loop, 0.0, parents)
        assert delay.states(1) == []
        assert loop in delay._watched

    asyncio.run(work())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_real_fork() -> None:
    delay = EventLoopDelay()

    async def work() -> None:
        delay.watch()
        await asyncio.sleep(INTERVAL_SECONDS * 1.5)

    asyncio.run(work())
    child = os.fork()
    if child == 0:
        delay.reset()
        was_empty = delay.states(1) is None
        asyncio.run(work())
        os._exit(0 if was_empty and sum(delays(delay).bucket_counts) >= 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
