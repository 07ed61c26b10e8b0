"""Nothing is lost between threads, and what comes together wakes the loop once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from reduse.processor.pipeline.mailbox import Mailbox

THREADS = 4
ITEMS = 2_000


def test_what_threads_put_in_arrives_once_and_in_the_order_of_each() -> None:
    taken: list[tuple[int, int]] = []

    async def test() -> None:
        all_here = asyncio.Event()

        def take(item: tuple[int, int]) -> None:
            taken.append(item)
            if len(taken) == THREADS * ITEMS:
                all_here.set()

        mailbox = Mailbox(asyncio.get_running_loop(), take)

        def put(thread: int) -> None:
            for number in range(ITEMS):
                mailbox.put((thread, number))

        with ThreadPoolExecutor(THREADS) as threads:
            for thread in range(THREADS):
                threads.submit(put, thread)
            await asyncio.wait_for(all_here.wait(), 30)

    asyncio.run(test())
    for thread in range(THREADS):
        assert [number for of_thread, number in taken if of_thread == thread] == list(range(ITEMS))


def test_what_comes_together_wakes_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        loop, taken = asyncio.get_running_loop(), list[int]()
        mailbox, wake_ups = Mailbox(loop, taken.append), 0
        wake = loop.call_soon_threadsafe

        def counted(*arguments: object) -> asyncio.Handle:
            nonlocal wake_ups
            wake_ups += 1
            return wake(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        for group in range(2):
            for number in range(10):
                mailbox.put(number)
            assert wake_ups == group + 1
            await asyncio.sleep(0)
        assert taken == [*range(10), *range(10)]

    asyncio.run(test())
