"""Without any transport."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider

from reduse.processor.accounting import NO_SERVICE, OTHER_SERVICES, SERVICES_LIMIT
from reduse.processor.core.engine import Engine
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.refusal import Refusal
from reduse.processor.core.shard import Shard
from reduse.processor.instruments import Instruments
from reduse.processor.pipeline.committer import Committer
from reduse.processor.pipeline.intake import Intake, NotTakenError, Verdict
from reduse.processor.state.store import Store
from tests.processor.exports import SECOND, export, point, request
from tests.waiting import PATIENCE_SECONDS

Test = Callable[[Intake, Committer], Awaitable[None]]


def run(folder: Path, test: Test, requests_limit: int = 8) -> None:
    async def bounded() -> None:
        async with intake(folder, requests_limit) as (made, committer):
            await asyncio.wait_for(test(made, committer), PATIENCE_SECONDS)

    asyncio.run(bounded())


@asynccontextmanager
async def intake(folder: Path, requests_limit: int) -> AsyncIterator[tuple[Intake, Committer]]:
    """The committer is not started: until then what is submitted stays under way."""
    provider = MeterProvider()
    instruments = Instruments(provider)
    with Store(folder / "state", 1_000_000) as store:
        committer = Committer(store, Shard(lambda: Engine(BUILT_IN)), instruments, interval=0.0)
        made = Intake(committer, instruments, requests_limit=requests_limit, future=10 * SECOND)
        yield made, committer
        if committer.alive:
            await asyncio.to_thread(committer.stop)
        await made.finish(1)
    assert committer.failure is None
    provider.shutdown()


def body() -> bytes:
    end = time.time_ns()
    return export(end - SECOND, end, {f"{1:016x}": 5}).SerializeToString()


async def verdict(request: Awaitable[bytes]) -> Verdict:
    with pytest.raises(NotTakenError) as caught:
        await request
    return caught.value.verdict


def test_a_defect_is_for_good_and_the_next_request_is_taken(tmp_path: Path) -> None:
    def defect(_: bytes) -> bytes:
        raise ZeroDivisionError

    async def test(made: Intake, committer: Committer) -> None:
        committer.start()
        assert await verdict(made.export(body(), defect)) is Verdict.FAILED
        assert await made.export(body()) == b""

    run(tmp_path, test)


def test_a_request_for_which_there_is_no_memory_is_to_come_again(tmp_path: Path) -> None:
    """Nothing is wrong with it."""

    def greedy(_: bytes) -> bytes:
        raise MemoryError

    async def test(made: Intake, committer: Committer) -> None:
        committer.start()
        assert await verdict(made.export(body(), greedy)) is Verdict.UNAVAILABLE
        assert await made.export(body()) == b""

    run(tmp_path, test)


@pytest.mark.slow
def test_what_is_refused_names_the_service_and_there_is_room_for_so_many(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(service: str) -> bytes:
        end = time.time_ns()
        return request(
            [point(end - SECOND, end, 1, "nobody"), point(end - SECOND, end, 1)], service
        ).SerializeToString()

    async def test(made: Intake, committer: Committer) -> None:
        committer.start()
        for _ in range(3):
            await made.export(refused("first"))
        await made.export(request([point(1, 2, 1)], "").SerializeToString())
        await made.export(refused("line\u2028and\x1c\nline"))
        for number in range(2 * SERVICES_LIMIT):
            await made.export(refused(f"service-{number}"))
        counts = made._instruments.refused._counts
        services = {service for _, service in counts}
        assert len(services) == SERVICES_LIMIT + 1
        assert counts["bad_user_hash", "first"] == 3
        assert counts["no_service_or_instance", NO_SERVICE] == 1
        assert counts["bad_user_hash", "line\ufffdand\ufffd\ufffdline"] == 1
        assert counts["bad_user_hash", OTHER_SERVICES] == 2 * SERVICES_LIMIT - (SERVICES_LIMIT - 3)

    run(tmp_path, test)
    (line,) = [each for each in caplog.messages if "first" in each]
    assert line == f"refused points of the service first, bad_user_hash: 1 ({Refusal.BAD_USER.cure})"


def test_who_gives_up_waiting_leaves_the_request_to_its_end(tmp_path: Path) -> None:
    async def test(made: Intake, committer: Committer) -> None:
        sent = body()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.export(sent), 0.3)
        committer.start()
        assert await made.export(sent) == b""

    run(tmp_path, test)


def test_what_is_under_way_takes_its_place_also_when_nobody_waits(tmp_path: Path) -> None:
    async def test(made: Intake, committer: Committer) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.export(body()), 0.3)
        assert await verdict(made.export(body())) is Verdict.UNAVAILABLE
        committer.start()
        while True:
            try:
                await made.export(body())
            except NotTakenError:
                await asyncio.sleep(0.01)
            else:
                return

    run(tmp_path, test, requests_limit=1)


def test_closed_it_asks_to_come_again_and_answers_what_is_under_way(tmp_path: Path) -> None:
    async def test(made: Intake, committer: Committer) -> None:
        under_way = asyncio.create_task(made.export(body()))
        await asyncio.sleep(0.3)
        made.close()
        assert await verdict(made.export(body())) is Verdict.UNAVAILABLE
        committer.start()
        await asyncio.to_thread(committer.stop)
        assert await under_way == b""

    run(tmp_path, test)
