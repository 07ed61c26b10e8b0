"""An application with every kind of answer that metrics of HTTP have to tell apart."""

import asyncio
import os
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, HTTPException, WebSocket
from fastapi.requests import Request
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from opentelemetry.trace import get_current_span
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.routing import Mount, Route

STREAM_SECONDS = 0.2
BACKGROUND_SECONDS = 1.0


class RefusedError(Exception):
    """One that the application makes an answer of."""


async def thing(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(request.path_params["key"]))


app = FastAPI()
router = APIRouter(prefix="/items")
sub = FastAPI()
plain = Starlette(routes=[Mount("/rooms/{room}", routes=[Route("/things/{key:int}", thing)])])


@app.get("/process")
async def read_process() -> int:
    return os.getpid()


@app.get("/span")
async def read_span() -> bool:
    return get_current_span().get_span_context().is_valid


@app.get("/plain")
async def read_plain() -> str:
    return "plain"


@router.get("/{item_id}")
async def read_item(item_id: int) -> int:
    return item_id


@sub.get("/direct/{key}")
async def read_direct(key: str) -> str:
    return key


@app.get("/missing/{key}")
async def missing(key: str) -> None:
    raise HTTPException(404, key)


@app.get("/unavailable", status_code=503)
async def unavailable() -> str:
    return "unavailable"


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("on purpose")


@app.get("/refused")
async def refused() -> None:
    raise RefusedError


@app.exception_handler(RefusedError)
async def on_refused(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse("refused", 409)


async def _parts(seconds: float, parts: int, *, fails: bool = False) -> AsyncIterator[bytes]:
    for _ in range(parts):
        yield b"part"
        await asyncio.sleep(seconds)
    if fails:
        raise RuntimeError("on purpose")


@app.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(_parts(STREAM_SECONDS, 1))


@app.get("/breaks")
async def breaks() -> StreamingResponse:
    return StreamingResponse(_parts(0, 1, fails=True))


@app.get("/endless")
async def endless() -> StreamingResponse:
    return StreamingResponse(_parts(0.02, 1000))


@app.get("/background")
async def background() -> PlainTextResponse:
    return PlainTextResponse("done", background=BackgroundTask(asyncio.sleep, BACKGROUND_SECONDS))


@app.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


app.include_router(router, prefix="/api/v1")
app.mount("/sub", sub)
app.mount("/starlette", plain)
app.add_route("/route/{key}", thing)
