"""Answers with the process that answers: which worker counted what can then be told to the request."""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

SLOW_SECONDS = 0.7

app = FastAPI()


@app.get("/pid")
async def read_pid() -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))


@app.get("/slow")
async def read_slowly() -> PlainTextResponse:
    await asyncio.sleep(SLOW_SECONDS)
    return PlainTextResponse(str(os.getpid()))


async def without_lifespan(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The same application behind one that knows HTTP and nothing else."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await app(scope, receive, send)
