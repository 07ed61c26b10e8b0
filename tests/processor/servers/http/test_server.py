"""What one connection can do to the server, with small bounds."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from reduse.processor.core.engine import Engine
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import Shard
from reduse.processor.instruments import Instruments
from reduse.processor.pipeline.committer import Committer
from reduse.processor.pipeline.intake import Intake
from reduse.processor.servers.http.server import Bounds, HttpServer
from reduse.processor.state.store import Store
from tests.ports import free_port

pytestmark = pytest.mark.server

LIMIT = 1000
HEAD = b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
EMPTY = HEAD + b"content-length: 0\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Serving:
    server: HttpServer
    intake: Intake
    port: int
    reader: InMemoryMetricReader

    async def connect(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> bytes:
        """All that comes back until the server closes."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()

    def outcomes(self) -> dict[str, int]:
        data = self.reader.get_metrics_data()
        metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else []
        return {
            str((point.attributes or {})["outcome"]): int(getattr(point, "value", 0))
            for metric in metrics
            if metric.name == "reduse.processor.requests"
            for point in metric.data.data_points
        }


@asynccontextmanager
async def serving(
    folder: Path, bounds: Bounds | None = None, *, commits: bool = True, limit: int = LIMIT, grace: int = 1
) -> AsyncIterator[Serving]:
    """Without `commits`, what is submitted stays under way."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    instruments = Instruments(provider)
    with Store(folder / "state", 1_000_000) as store:
        committer = Committer(store, Shard(lambda: Engine(BUILT_IN)), instruments, interval=0.0)
        intake = Intake(committer, instruments, requests_limit=8, future=10**10)
        port = free_port()
        server = HttpServer(intake, f"127.0.0.1:{port}", limit, grace_seconds=grace, bounds=bounds)
        if commits:
            committer.start()
        await server.start()
        try:
            yield Serving(server, intake, port, reader)
        finally:
            if commits:
                await asyncio.to_thread(committer.stop)
            await server.stop()
            await intake.finish(5 if commits else 0)
            provider.shutdown()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 60)

    asyncio.run(bounded())


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_connection_is_used_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            answer = await at.ask(EMPTY + EMPTY.replace(b"host: x", b"connection: close\r\nhost: x"))
            assert answer.count(b"HTTP/1.1 200") == 2
            assert at.outcomes() == {"accepted": 2}

    run(test)


@pytest.mark.parametrize("sent", [b"", b"POST /v1/met", HEAD])
def test_a_head_that_does_not_come_closes_the_connection(tmp_path: Path, sent: bytes) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(head_seconds=0.3)) as at:
            assert await at.ask(sent) == b""
            assert at.outcomes() == {"incomplete": 1}

    run(test)


def test_a_head_that_trickles_closes_the_connection(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(head_seconds=0.5)) as at:
            reader, writer = await at.connect()
            closed = asyncio.create_task(reader.read())
            while not closed.done():
                writer.write(b"P")
                await asyncio.sleep(0.1)
            writer.close()
            assert at.outcomes() == {"incomplete": 1}

    run(test)


def test_a_second_head_that_trickles_closes_the_connection_too(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(head_seconds=0.3)) as at:
            answer = await at.ask(EMPTY + b"POST /v1")
            assert status(answer) == 200
            assert answer.count(b"HTTP/1.1") == 1

    run(test)


def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(idle_seconds=1)) as at:
            assert status(await at.ask(EMPTY)) == 200
            assert at.outcomes() == {"accepted": 1}

    run(test)


def test_a_body_that_does_not_come_is_asked_for_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(body_seconds=0.3)) as at:
            answer = await at.ask(HEAD + b"content-length: 10\r\n\r\nfive.")
            assert status(answer) == 503
            assert b"retry-after: 1\r\n" in answer
            assert b"connection: close\r\n" in answer
            assert at.outcomes() == {"incomplete": 1}

    run(test)


def test_a_sender_that_goes_away_in_the_middle_is_counted(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            _, writer = await at.connect()
            writer.write(HEAD + b"content-length: 10\r\n\r\nfive.")
            await writer.drain()
            writer.close()
            while not at.outcomes():  # noqa: ASYNC110 - nothing tells of it but the metric
                await asyncio.sleep(0.05)
            assert at.outcomes() == {"incomplete": 1}

    run(test)


def test_more_connections_than_the_bound_are_turned_away_and_the_others_go_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(connections=2)) as at:
            first, second = await at.connect(), await at.connect()
            for _, writer in (first, second):
                # Bodies under way.
                writer.write(HEAD + b"content-length: 1\r\n\r\n")
            await asyncio.sleep(0.1)
            assert status(await at.ask(b"")) == 503
            assert at.outcomes() == {"unavailable": 1}
            for reader, writer in (first, second):
                writer.write(b"\n")
                assert status(await reader.readuntil(b"\r\n")) == 400
                writer.close()

    run(test)


def test_the_oldest_connection_without_a_request_gives_way_to_a_new_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(connections=2)) as at:
            first, second = await at.connect(), await at.connect()
            await asyncio.sleep(0.1)
            assert status(await at.ask(EMPTY.replace(b"host: x", b"connection: close\r\nhost: x"))) == 200
            assert at.outcomes() == {"incomplete": 1, "accepted": 1}
            assert await first[0].read() == b""
            second[1].write(EMPTY)
            assert status(await second[0].readuntil(b"\r\n")) == 200
            first[1].close()
            second[1].close()

    run(test)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        os.urandom(500) + b"\r\n\r\n",
        b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\nx: " + b"x" * 20_000,
    ],
    ids=["tls", "random", "length", "head"],
)
def test_what_is_not_http_is_answered_with_400(tmp_path: Path, request_bytes: bytes) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            assert status(await at.ask(request_bytes)) == 400
            assert at.outcomes() == {"malformed": 1}

    run(test)


def test_a_chunked_body_is_bounded(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            chunks = b"".join(b"64\r\n" + bytes(100) + b"\r\n" for _ in range(11))
            answer = await at.ask(
                HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
            )
            assert status(answer) == 413
            assert at.outcomes() == {"too_large": 1}

    run(test)


def test_a_body_without_end_is_read_twice_the_bound_and_no_further(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            endless = HEAD + b"transfer-encoding: chunked\r\n\r\n" + (b"10000\r\n" + bytes(65536) + b"\r\n") * 3
            answer = await at.ask(endless)
            assert status(answer) == 413
            assert b"connection: close\r\n" in answer

    run(test)


def test_who_asks_first_is_refused_before_the_body(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            answer = await at.ask(HEAD + b"expect: 100-continue\r\ncontent-length: 1001\r\n\r\n")
            assert status(answer) == 413
            assert b"100 Continue" not in answer

    run(test)


def test_bodies_on_their_way_hold_no_more_than_four_of_the_largest(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as at:
            held = [await at.connect() for _ in range(4)]
            for _, writer in held:
                writer.write(HEAD + b"content-length: 1000\r\n\r\n" + bytes(990))
                await writer.drain()
            await asyncio.sleep(0.2)
            refused = await at.ask(HEAD + b"connection: close\r\ncontent-length: 100\r\n\r\n" + bytes(100))
            assert status(refused) == 503
            for reader, writer in held:
                writer.write(bytes(10))
                assert status(await reader.readuntil(b"\r\n")) in {200, 400}
                writer.close()
            accepted = await at.ask(EMPTY.replace(b"host: x", b"connection: close\r\nhost: x"))
            assert status(accepted) == 200, "what was held is given back"

    run(test)


def test_at_the_end_a_body_under_way_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, Bounds(body_seconds=50), grace=50) as at:
            answer = asyncio.create_task(at.ask(HEAD + b"content-length: 10\r\n\r\nfive."))
            await asyncio.sleep(0.2)
            await at.server.stop()
            assert status(await answer) == 503
            assert at.outcomes() == {"unavailable": 1}

    run(test)


def test_what_is_not_committed_within_the_grace_is_asked_for_again(tmp_path: Path) -> None:
    """500 would make its sender drop it."""

    async def test() -> None:
        async with serving(tmp_path, commits=False) as at:
            answer = asyncio.create_task(at.ask(EMPTY))
            await asyncio.sleep(0.2)
            await at.server.stop()
            assert status(await answer) == 503

    run(test)


def test_a_bomb_is_refused_at_the_bound(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, limit=2**20) as at:
            bomb = gzip.compress(bytes(100 * 2**20), 9)
            sent = (
                HEAD + b"connection: close\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb) + bomb
            )
            assert status(await at.ask(sent)) == 413
            assert at.outcomes() == {"too_large": 1}

    run(test)
