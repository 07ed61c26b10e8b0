"""An application with every kind of route, and no word about telemetry in it."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


class TokenBackend(AuthenticationBackend):
    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        name = conn.headers.get("x-login")
        return (AuthCredentials(), SimpleUser(name)) if name else None


async def thing(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(request.path_params["key"]))


app = FastAPI()
app.add_middleware(AuthenticationMiddleware, backend=TokenBackend())
router = APIRouter(prefix="/items")
sub = FastAPI()
plain = Starlette(
    routes=[Route("/things/{key}", thing), Mount("/rooms/{room}", routes=[Route("/things/{key:int}", thing)])]
)


@app.get("/plain")
async def read_plain() -> dict[str, str]:
    return {"answer": "yes"}


@router.get("/{item_id}")
async def read_item(item_id: int) -> dict[str, int]:
    return {"item": item_id}


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("on purpose")


@app.get("/unavailable", status_code=503)
async def unavailable() -> dict[str, str]:
    return {"answer": "no"}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(0.2)
        yield b"last"

    return StreamingResponse(parts())


@app.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@sub.get("/direct/{key}")
async def read_direct(key: str) -> str:
    return key


inner = APIRouter(prefix="/inner")


@inner.get("/{key}")
async def read_inner(key: str) -> str:
    return key


sub.include_router(inner)
app.include_router(router, prefix="/api/v1")
app.mount("/sub", sub)
app.mount("/starlette", plain)
app.add_route("/route/{key}", thing)
