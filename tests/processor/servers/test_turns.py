"""Whose body is read: never too many, the slow give way, and who was slow comes last."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from reduse.processor.servers.memory import CrowdedError
from reduse.processor.servers.turns import SlowError, StoppingError, TurnBounds, Turns


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 30)

    asyncio.run(bounded())


async def read(turns: Turns, sender: str, done: list[str], body: Callable[[], Awaitable[object]]) -> None:
    async with turns.of(sender):
        await body()
    done.append(sender)


def test_no_more_are_read_than_the_bound() -> None:
    async def test() -> None:
        turns, reading, most = Turns(TurnBounds(reading=2)), 0, 0

        async def one(sender: str) -> None:
            nonlocal reading, most
            async with turns.of(sender):
                reading += 1
                most = max(most, reading)
                await asyncio.sleep(0.01)
                reading -= 1

        await asyncio.gather(*(one(str(number)) for number in range(20)))
        assert most == 2

    run(test)


def test_a_slow_body_gives_way_to_who_waits_and_stays_while_nobody_does() -> None:
    async def test() -> None:
        turns, done = Turns(TurnBounds(reading=1, patient_seconds=0.05)), list[str]()
        await read(turns, "alone", done, lambda: asyncio.sleep(0.3))
        slow = asyncio.create_task(read(turns, "slow", done, asyncio.Event().wait))
        await asyncio.sleep(0)
        await read(turns, "quick", done, lambda: asyncio.sleep(0))
        with pytest.raises(SlowError):
            await slow
        assert done == ["alone", "quick"]

    run(test)


def test_who_was_slow_comes_after_who_was_not() -> None:
    async def test() -> None:
        turns, done = Turns(TurnBounds(reading=1, patient_seconds=0.05)), list[str]()
        slow = [asyncio.create_task(read(turns, "slow", done, asyncio.Event().wait)) for _ in range(200)]
        await asyncio.sleep(0.2)
        await read(turns, "quick", done, lambda: asyncio.sleep(0))
        assert sum(not task.done() for task in slow) > 100
        turns.close()
        ends = [type(one) for one in await asyncio.gather(*slow, return_exceptions=True)]
        assert set(ends) == {SlowError, StoppingError}

    run(test)


def test_who_has_sent_a_body_before_comes_before_who_never_did() -> None:
    async def test() -> None:
        turns, done = Turns(TurnBounds(reading=1, patient_seconds=0.05)), list[str]()
        await read(turns, "known", done, lambda: asyncio.sleep(0))
        strangers = [
            asyncio.create_task(read(turns, f"stranger {number}", done, asyncio.Event().wait)) for number in range(100)
        ]
        await asyncio.sleep(0)
        await read(turns, "known", done, lambda: asyncio.sleep(0))
        assert sum(not task.done() for task in strangers) > 90
        turns.close()
        await asyncio.gather(*strangers, return_exceptions=True)

    run(test)


def test_when_too_many_wait_it_costs_the_sender_who_has_most() -> None:
    async def test() -> None:
        turns, done = Turns(TurnBounds(reading=1, waiting=5, patient_seconds=10)), list[str]()
        ended = asyncio.Event()
        many = [asyncio.create_task(read(turns, "many", done, ended.wait)) for _ in range(6)]
        await asyncio.sleep(0)
        one = asyncio.create_task(read(turns, "one", done, lambda: asyncio.sleep(0)))
        await asyncio.sleep(0.01)
        ended.set()
        await one
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        assert [type(each) for each in outcomes if each is not None] == [CrowdedError]

    run(test)


def test_a_sender_that_goes_away_leaves_its_place_to_others() -> None:
    async def test() -> None:
        turns, done = Turns(TurnBounds(reading=1, patient_seconds=10)), list[str]()
        reading = asyncio.create_task(read(turns, "gone", done, asyncio.Event().wait))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(read(turns, "gone too", done, lambda: asyncio.sleep(60)))
        await asyncio.sleep(0)
        last = asyncio.create_task(read(turns, "last", done, lambda: asyncio.sleep(0)))
        await asyncio.sleep(0)
        waiting.cancel()
        reading.cancel()
        await last
        assert done == ["last"]

    run(test)


def test_after_the_end_nobody_is_waited_for() -> None:
    async def test() -> None:
        turns = Turns(TurnBounds())
        turns.close()
        with pytest.raises(StoppingError):
            await read(turns, "late", [], lambda: asyncio.sleep(60))

    run(test)
