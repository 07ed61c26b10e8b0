"""Responses that take their time, in an application by itself and in others behind middleware of several kinds."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

BACKGROUND_SECONDS = 2.0
LARGE = 16 * 1024 * 1024

_large = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it lives as long as the process
_large.truncate(LARGE)


async def _parts(times: int | None) -> AsyncIterator[bytes]:
    sent = 0
    while times is None or sent < times:
        yield b"data: part\n\n"
        sent += 1
        await asyncio.sleep(0.02)


async def work() -> None:
    await asyncio.sleep(BACKGROUND_SECONDS)


async def failing_work() -> None:
    raise LookupError("in a background task")


async def answer_with_work(_request: Request, error: Exception) -> Response:
    return JSONResponse({}, status_code=503, background=BackgroundTask(work))


class RefusedError(Exception):
    """What a handler of the application makes an answer of."""


router = APIRouter()


@router.get("/endless")
async def endless() -> StreamingResponse:
    return StreamingResponse(_parts(None))


@router.get("/events")
async def events(request: Request) -> StreamingResponse:
    async def until_disconnected() -> AsyncIterator[bytes]:
        async for part in _parts(None):
            if await request.is_disconnected():
                return
            yield part

    return StreamingResponse(until_disconnected(), media_type="text/event-stream")


@router.get("/parts")
async def parts() -> StreamingResponse:
    return StreamingResponse(_parts(3))


@router.get("/large")
async def large() -> FileResponse:
    return FileResponse(_large.name)


@router.get("/announced")
async def announced() -> StreamingResponse:
    async def one_part() -> AsyncIterator[bytes]:
        yield b"whole"
        await asyncio.sleep(0.3)

    return StreamingResponse(one_part(), headers={"content-length": "5"})


@router.get("/slow")
async def slow() -> str:
    await asyncio.sleep(0.4)
    return "slow"


@router.get("/status/{status}")
async def status(status: int) -> Response:
    return Response(status_code=status, background=BackgroundTask(work))


@router.get("/stream/{status}")
async def stream(status: int) -> Response:
    return StreamingResponse(_parts(2), status_code=status, background=BackgroundTask(work))


@router.get("/failing/{status}")
async def failing(status: int) -> Response:
    return Response(status_code=status, background=BackgroundTask(failing_work))


@router.get("/refused")
async def refused() -> None:
    raise RefusedError


@router.get("/unavailable")
async def unavailable() -> None:
    raise HTTPException(503)


@router.get("/raises")
async def raises() -> None:
    raise RuntimeError("no answer")


def create(application: type[FastAPI] = FastAPI) -> FastAPI:
    created = application(exception_handlers={RefusedError: answer_with_work})
    created.include_router(router)
    return created


async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


class OwnTask:
    """Middleware of the plain kind, which runs the application as a task."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Any) -> None:
            await send(message)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run(scope, receive, send_on))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class RaisingWorkHandler:
    """Middleware of the plain kind, which answers every exception by itself, with work after that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except RuntimeError:
            await Response(status_code=500, background=BackgroundTask(work))(scope, receive, send)


plain = create()

once = create()
once.middleware("http")(pass_on)

twice = create()
twice.middleware("http")(pass_on)
twice.add_middleware(OwnTask)
twice.middleware("http")(pass_on)

around = OwnTask(twice)
