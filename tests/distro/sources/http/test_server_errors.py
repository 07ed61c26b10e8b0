"""A server error ends with its response, as every other answer does; what comes behind it is not in it."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI

from reduse.distro.sources.http.applications import measure_class
from reduse.distro.sources.http.asgi import Receive
from tests.distro.sources.http import streaming_app
from tests.distro.sources.http.measured import Measured, http_scope


def measured_application(measured: Measured, middleware: Any) -> FastAPI:
    class Fresh(FastAPI):
        """Patched by this test only."""

    measure_class(Fresh, measured.meter)
    created = streaming_app.create(Fresh)
    if middleware == "http":
        created.middleware("http")(streaming_app.pass_on)
    elif middleware is not None:
        created.add_middleware(middleware)
    return created


def body_and_silence() -> Receive:
    """The server's `receive` for a client that stays."""
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        for message in messages:
            return message
        return await asyncio.Event().wait()

    return receive


def ask(measured: Measured, application: FastAPI, path: str) -> list[tuple[Any, Any, Any]]:
    """What was counted when the last part of the response had come: status, error and count; and nothing is active."""
    seen: list[list[tuple[Any, Any, Any]]] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            seen.append(counted(measured))

    async def main() -> None:
        with suppress(RuntimeError, LookupError):
            await application(http_scope(path=path, query_string=b""), body_and_silence(), send)

    asyncio.run(main())
    (at_the_end,) = seen
    assert counted(measured) == at_the_end or not at_the_end
    return at_the_end


def counted(measured: Measured) -> list[tuple[Any, Any, Any]]:
    return [
        (attributes.get("http.response.status_code"), attributes.get("error.type"), count)
        for attributes, count in measured.counted()
    ]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming_app, "BACKGROUND_SECONDS", 0.01)


@pytest.mark.parametrize("middleware", [None, "http"])
@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/status/200", 200, None),
        ("/status/404", 404, None),
        ("/status/500", 500, "500"),
        ("/status/503", 503, "503"),
        ("/stream/502", 502, "502"),
        ("/failing/200", 200, None),
        ("/failing/500", 500, "500"),
        ("/refused", 503, "503"),
        ("/unavailable", 503, "503"),
        ("/raises", 500, "RuntimeError"),
    ],
)
def test_every_response_is_counted_when_its_last_part_goes_out(
    middleware: str | None, path: str, status: int, error: str | None
) -> None:
    """With the exception that the framework is about to raise, and with nothing of what happens behind it."""
    measured = Measured()
    assert ask(measured, measured_application(measured, middleware), path) == [(status, error, 1)]


def test_an_exception_that_a_middleware_answers_by_itself_ends_with_the_answer_and_is_counted_when_it_returns() -> None:
    """Only then is it known not to be raised again."""
    measured = Measured()
    application = measured_application(measured, streaming_app.RaisingWorkHandler)
    assert ask(measured, application, "/raises") == []
    assert counted(measured) == [(500, "500", 1)]


def test_the_duration_of_what_is_counted_later_ends_with_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming_app, "BACKGROUND_SECONDS", 0.3)
    measured = Measured()
    ask(measured, measured_application(measured, streaming_app.RaisingWorkHandler), "/raises")
    state = measured.http.collect(1, 2)
    assert state is not None
    (series,) = state.durations
    assert series.total < 0.3
