"""One request is measured once, from outside, and its outcome is what the client got."""

import asyncio
import weakref
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from reduse.distro.sources.http.applications import measure_class
from reduse.distro.sources.http.asgi import Message, Receive, Scope, Send
from tests.distro.sources.http.measured import Counted, Measured, http_scope, ignore, nothing
from tests.garbage import without_garbage_collector

START = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body"}
PART = {"type": "http.response.body", "body": b"x", "more_body": True}


def sending(*messages: Message) -> Callable[[Scope, Receive, Send], Any]:
    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return application


def call(application: Callable[[Scope, Receive, Send], Any], **changes: Any) -> Counted:
    measured = Measured()
    asyncio.run(measured.meter.measure(application, http_scope(**changes), nothing, ignore))
    return measured.counted()


def test_attributes_are_those_of_the_request() -> None:
    expected = {
        "http.request.method": "GET",
        "http.response.status_code": 204,
        "url.scheme": "https",
        "network.protocol.version": "2",
    }
    assert call(sending({"type": "http.response.start", "status": 204}, BODY)) == [(expected, 1)]


@pytest.mark.parametrize("method", ["get", "BREW"])
def test_a_method_that_is_not_known_is_other(method: str) -> None:
    ((attributes, _),) = call(sending(START, BODY), method=method)
    assert attributes["http.request.method"] == "_OTHER"


@pytest.mark.parametrize(
    ("given", "reported"),
    [("1.0", "1.0"), ("1.1", "1.1"), ("2", "2"), ("2.0", "2"), ("3", "3"), ("3.0", "3"), ("9.9", None), ("", None)],
)
def test_the_protocol_version_is_one_of_a_few_or_absent(given: str, reported: str | None) -> None:
    ((attributes, _),) = call(sending(START, BODY), http_version=given)
    assert attributes.get("network.protocol.version") == reported


def test_the_scheme_is_http_where_the_server_names_none() -> None:
    scope = http_scope()
    del scope["scheme"]
    measured = Measured()
    asyncio.run(measured.meter.measure(sending(START, BODY), scope, nothing, ignore))
    ((attributes, _),) = measured.counted()
    assert attributes["url.scheme"] == "http"


def test_no_attribute_is_taken_from_the_path_the_query_or_a_header() -> None:
    ((attributes, _),) = call(
        sending(START, BODY), path="/secret/1", query_string=b"secret=2", headers=[(b"host", b"secret.example")]
    )
    assert not [value for value in attributes.values() if "secret" in str(value)]


@pytest.mark.parametrize(
    "messages",
    [
        (START, PART, BODY),
        (START, {"type": "http.response.pathsend", "path": "/etc/hostname"}),
        (START, {"type": "http.response.zerocopysend", "file": 3, "more_body": True}, BODY),
        (START, {"type": "http.response.zerocopysend", "file": 3}),
        (START | {"trailers": True}, BODY, {"type": "http.response.trailers", "headers": []}),
        ({"type": "http.response.early_hint", "links": []}, START, BODY),
        ({"type": "http.response.push", "path": "/", "headers": []}, START, BODY),
        (START, {"type": "http.response.debug", "info": {}}, BODY),
        ({"type": "http.response.start", "status": 103}, START, BODY),
    ],
    ids=["stream", "pathsend", "zerocopy-part", "zerocopy", "trailers", "early-hint", "push", "debug", "103"],
)
def test_a_response_is_counted_once_when_its_last_part_goes_out(messages: tuple[Message, ...]) -> None:
    """Before that it is not; what the application does afterwards is no part of it."""
    measured = Measured()
    ended: list[bool] = []

    def has_ended() -> bool:
        state = measured.http.collect(1, 2)
        assert state is not None
        return bool(state.durations)

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
            ended.append(has_ended())

    asyncio.run(measured.meter.measure(application, http_scope(), nothing, ignore))
    assert ended == [False] * (len(messages) - 1) + [True]
    ((attributes, count),) = measured.counted()
    assert (attributes["http.response.status_code"], attributes.get("error.type"), count) == (200, None, 1)


def test_trailers_come_after_a_file_too() -> None:
    ((attributes, count),) = call(
        sending(
            START | {"trailers": True},
            {"type": "http.response.pathsend", "path": "/etc/hostname"},
            {"type": "http.response.trailers", "headers": [], "more_trailers": True},
            {"type": "http.response.trailers", "headers": []},
        )
    )
    assert (attributes.get("error.type"), count) == (None, 1)


def test_an_informational_status_is_not_that_of_the_response() -> None:
    ((attributes, _),) = call(sending({"type": "http.response.start", "status": 103}))
    assert "http.response.status_code" not in attributes
    assert attributes["error.type"] == "incomplete_response"


@pytest.mark.parametrize("messages", [(), (START,), (START, PART)], ids=["nothing", "no-body", "cut-off"])
def test_an_application_that_ends_before_its_response_is_an_error(messages: tuple[Message, ...]) -> None:
    """HTTP spans, Status: an error that prevents the response from being sent fully."""
    ((attributes, count),) = call(sending(*messages))
    assert (attributes["error.type"], count) == ("incomplete_response", 1)
    assert attributes.get("http.response.status_code") == (200 if messages else None)


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, None), (404, None), (499, None), (500, "500"), (HTTPStatus.SERVICE_UNAVAILABLE, "503")],
)
def test_only_a_server_error_has_an_error_type(status: int, error: str | None) -> None:
    ((attributes, _),) = call(sending({"type": "http.response.start", "status": status}, BODY))
    assert attributes["http.response.status_code"] == status
    assert attributes.get("error.type") == error


def test_an_exception_before_the_response_is_counted_without_a_status() -> None:
    async def breaks(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise LookupError

    measured = Measured()
    with pytest.raises(LookupError):
        asyncio.run(measured.meter.measure(breaks, http_scope(), nothing, ignore))
    ((attributes, count),) = measured.counted()
    assert (attributes["error.type"], count) == ("LookupError", 1)
    assert "http.response.status_code" not in attributes


def test_an_exception_in_the_middle_of_a_response_is_counted_with_the_status_that_went_out() -> None:
    async def breaks(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send(PART)
        raise httpx.ReadError("gone")

    measured = Measured()
    with pytest.raises(httpx.ReadError):
        asyncio.run(measured.meter.measure(breaks, http_scope(), nothing, ignore))
    ((attributes, count),) = measured.counted()
    assert (attributes["http.response.status_code"], attributes["error.type"], count) == (200, "httpx.ReadError", 1)


def test_an_exception_behind_a_whole_response_is_no_error_of_the_request() -> None:
    async def breaks(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        raise LookupError("in a background task")

    measured = Measured()
    with pytest.raises(LookupError):
        asyncio.run(measured.meter.measure(breaks, http_scope(), nothing, ignore))
    ((attributes, count),) = measured.counted()
    assert ("error.type" in attributes, count) == (False, 1)


def test_a_cancelled_request_is_counted() -> None:
    async def waits(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(60)

    async def main(measured: Measured) -> None:
        task = asyncio.ensure_future(measured.meter.measure(waits, http_scope(), nothing, ignore))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    measured = Measured()
    asyncio.run(main(measured))
    ((attributes, count),) = measured.counted()
    assert (attributes["error.type"], count) == ("asyncio.exceptions.CancelledError", 1)


def test_active_requests_are_counted_by_method_and_scheme_while_they_last() -> None:
    measured = Measured()

    async def looks(_scope: Scope, _receive: Receive, send: Send) -> None:
        state = measured.http.collect(1, 2)
        assert state is not None
        (active,) = state.active
        assert active.attributes == {"http.request.method": "GET", "url.scheme": "https"}
        assert active.value == 1
        await send(START)
        await send(BODY)

    asyncio.run(measured.meter.measure(looks, http_scope(), nothing, ignore))
    assert [count for _, count in measured.counted()] == [1]


def test_websockets_are_left_alone() -> None:
    async def accepts(scope: Scope, _receive: Receive, send: Send) -> None:
        assert "reduse.route" not in scope
        await send({"type": "websocket.accept"})

    measured = Measured()
    asyncio.run(measured.meter.measure(accepts, {"type": "websocket", "path": "/"}, nothing, ignore))
    assert not measured.http.is_open


@pytest.mark.parametrize("outcome", ["complete", "failed"])
def test_the_last_values_go_out_before_the_server_hears_that_shutdown_is_done(outcome: str) -> None:
    measured = Measured()
    heard: list[tuple[str, int]] = []

    async def hear(message: Message) -> None:
        heard.append((message["type"], measured.flushed))

    lives = sending({"type": "lifespan.startup.complete"}, {"type": f"lifespan.shutdown.{outcome}"})
    asyncio.run(measured.meter.measure(lives, {"type": "lifespan"}, nothing, hear))
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


def test_applications_that_exist_already_and_subclasses_of_their_class_are_measured() -> None:
    measured = Measured()

    class Early(FastAPI):
        pass

    class Overriding(Early):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/answered":
                await sending(START, BODY)(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)

    early, overriding = Early(), Overriding()
    measure_class(Early, measured.meter)

    async def main() -> None:
        await early(http_scope(path="/nothing"), nothing, ignore)
        await overriding(http_scope(path="/nothing"), nothing, ignore)
        await overriding(http_scope(path="/answered"), nothing, ignore)

    asyncio.run(main())
    ((attributes, count),) = measured.counted()
    assert attributes["http.response.status_code"] == 404
    assert count == 2, "what a subclass answers without its base class, that never sees"


class Connection:
    """A request at a server, which keeps its scope beside the ends of the connection, as uvicorn does."""

    def __init__(self) -> None:
        self.scope = http_scope()

    async def receive(self) -> Message:
        return await nothing()

    async def send(self, message: Message) -> None:
        await ignore(message)


async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise LookupError


@pytest.mark.parametrize("application", [sending(START, BODY), sending(START, PART), sending(), fails])
@pytest.mark.parametrize("tracing", [False, True])
def test_a_request_that_ended_leaves_nothing_to_the_garbage_collector(
    application: Callable[[Scope, Receive, Send], Any], tracing: bool
) -> None:
    measured = Measured(tracing=tracing, exemplars=tracing)

    async def answer() -> weakref.ref[Connection]:
        connection = Connection()
        with suppress(LookupError):
            await measured.meter.measure(application, connection.scope, connection.receive, connection.send)
        return weakref.ref(connection)

    with without_garbage_collector():
        left = asyncio.run(answer())
        assert left() is None
    assert len(measured.counted()) == 1


def test_who_still_has_the_scope_of_a_request_that_ended_is_not_measured_as_another() -> None:
    measured, scope = Measured(), http_scope()
    for _ in range(2):
        asyncio.run(measured.meter.measure(sending(START, BODY), scope, nothing, ignore))
    assert [count for _, count in measured.counted()] == [1]
