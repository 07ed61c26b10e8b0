"""One request is measured once, from outside, and its outcome is what the client got."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from reduse.distro.http.aggregation import HttpAggregation
from reduse.distro.http.applications import measure_class
from reduse.distro.http.asgi import Message, Receive, RequestMeter, Scope, Send
from reduse.distro.http.attributes import KNOWN_METHODS

SCOPE = {"type": "http", "method": "GET", "path": "/", "scheme": "https", "http_version": "2", "headers": []}


class Measured:
    """A meter, what it counted, and how often it was told to open and flush."""

    def __init__(self) -> None:
        self.http = HttpAggregation(10)
        self.flushed = 0
        self.meter = RequestMeter(
            self.http, lambda _scope: None, KNOWN_METHODS, opened=lambda: self.http.open(1), flush=self._flush
        )

    def _flush(self) -> None:
        self.flushed += 1

    def counted(self) -> list[tuple[dict[str, Any], int]]:
        state = self.http.collect(2)
        assert state is not None
        assert [active.value for active in state.active] == [0] * len(state.active)
        return [(series.attributes, sum(series.bucket_counts)) for series in state.durations]


async def _ignore(_message: Message) -> None:
    pass


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def call(application: Callable[[Scope, Receive, Send], Any], **changes: Any) -> list[tuple[dict[str, Any], int]]:
    measured = Measured()
    asyncio.run(measured.meter(application, SCOPE | changes, _nothing, _ignore))
    return measured.counted()


async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


def test_attributes_are_those_of_the_request() -> None:
    expected = {
        "http.request.method": "GET",
        "http.response.status_code": 204,
        "url.scheme": "https",
        "network.protocol.version": "2",
    }
    assert call(answers) == [(expected, 1)]


@pytest.mark.parametrize("method", ["get", "BREW"])
def test_a_method_that_is_not_known_is_other(method: str) -> None:
    ((attributes, _),) = call(answers, method=method)
    assert attributes["http.request.method"] == "_OTHER"


def test_an_application_without_an_answer_is_an_error() -> None:
    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pass

    ((attributes, _),) = call(silent)
    assert attributes["error.type"] == "_OTHER"
    assert "http.response.status_code" not in attributes


def test_an_exception_in_the_middle_of_a_response_is_counted_with_the_status_that_went_out() -> None:
    async def breaks(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise httpx.ReadError("gone")

    measured = Measured()
    with pytest.raises(httpx.ReadError):
        asyncio.run(measured.meter(breaks, dict(SCOPE), _nothing, _ignore))
    ((attributes, count),) = measured.counted()
    assert (attributes["http.response.status_code"], attributes["error.type"], count) == (200, "httpx.ReadError", 1)


def test_a_cancelled_request_is_counted() -> None:
    async def waits(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(60)

    async def main(measured: Measured) -> None:
        task = asyncio.ensure_future(measured.meter(waits, dict(SCOPE), _nothing, _ignore))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    measured = Measured()
    asyncio.run(main(measured))
    ((attributes, count),) = measured.counted()
    assert (attributes["error.type"], count) == ("asyncio.exceptions.CancelledError", 1)


def test_a_response_with_trailers_ends_with_them() -> None:
    async def trails(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "trailers": True})
        await send({"type": "http.response.body"})
        await send({"type": "http.response.trailers", "headers": []})

    assert [count for _, count in call(trails)] == [1]


def test_websockets_are_left_alone() -> None:
    async def accepts(scope: Scope, _receive: Receive, send: Send) -> None:
        assert "reduse.route" not in scope
        await send({"type": "websocket.accept"})

    measured = Measured()
    asyncio.run(measured.meter(accepts, {"type": "websocket", "path": "/"}, _nothing, _ignore))
    assert not measured.http.is_open


@pytest.mark.parametrize("outcome", ["complete", "failed"])
def test_the_last_values_go_out_before_the_server_hears_that_shutdown_is_done(outcome: str) -> None:
    measured = Measured()
    heard: list[tuple[str, int]] = []

    async def lives(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.complete"})
        await send({"type": f"lifespan.shutdown.{outcome}"})

    async def hear(message: Message) -> None:
        heard.append((message["type"], measured.flushed))

    asyncio.run(measured.meter(lives, {"type": "lifespan"}, _nothing, hear))
    assert heard == [("lifespan.startup.complete", 0), (f"lifespan.shutdown.{outcome}", 1)]
    assert measured.http.is_open


def test_a_mounted_application_is_counted_once_and_background_tasks_are_not_in_the_duration() -> None:
    measured = Measured()

    class Outer(Starlette):
        pass

    class Inner(FastAPI):
        pass

    measure_class(Outer, measured.meter)
    measure_class(Inner, measured.meter)
    inner = Inner()
    seen: list[int] = []

    def later() -> None:
        seen.extend(count for _, count in measured.counted())

    @inner.get("/task")
    async def task(tasks: BackgroundTasks) -> str:
        tasks.add_task(later)
        return "done"

    async def main() -> None:
        transport = httpx.ASGITransport(Outer(routes=[Mount("/inner", inner)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get("/inner/task")

    asyncio.run(main())
    assert seen == [1], "the request was counted before its background task ran"
    assert [count for _, count in measured.counted()] == [1]
