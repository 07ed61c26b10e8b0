"""Requests that end in unusual ways, and applications that are put together in unusual ways."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import fastapi.applications
from fastapi import FastAPI
from fastapi.responses import FileResponse, StreamingResponse
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

SLOW_SECONDS = 0.5


async def thing(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params["key"])


async def body(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def create_app() -> FastAPI:
    created = FastAPI()
    created.add_route("/things/{key}", thing)
    created.add_route("/body", body, methods=["POST"])

    @created.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(SLOW_SECONDS)
        return "slow"

    @created.get("/endless")
    async def endless() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            while True:
                yield b"part"
                await asyncio.sleep(0.05)

        return StreamingResponse(parts())

    @created.get("/file")
    async def file() -> FileResponse:
        return FileResponse(Path(__file__))

    return created


app = create_app()


class Health(FastAPI):
    """Answers some requests before FastAPI sees them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/health":
            await PlainTextResponse("well")(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


overriding = Health()
overriding.add_route("/things/{key}", thing)

starlette_only = Starlette(routes=[Route("/things/{key}", thing)])

not_from_the_package = fastapi.applications.FastAPI()
not_from_the_package.add_route("/things/{key}", thing)

wrapped = CORSMiddleware(GZipMiddleware(create_app()), allow_origins=["*"])
