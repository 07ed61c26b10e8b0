"""Answers requests of several kinds, and prints how many objects each leaves to the garbage collector.

As JSON, by path: of one request, with its connection.
"""

import asyncio
import gc
import json
import logging
import socket
from collections.abc import AsyncIterator

import uvicorn
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse

REQUESTS = 50
PATHS = ("/json", "/thread", "/raises", "/refuses", "/streams", "/later", "/given", "/mounted/json", "/nowhere")


async def _given() -> AsyncIterator[int]:
    yield 1


async def _parts() -> AsyncIterator[bytes]:
    for _ in range(3):
        yield b"part"


def application() -> FastAPI:
    """One route for each kind."""
    app, mounted = FastAPI(), FastAPI()

    @app.get("/json")
    @mounted.get("/json")
    async def plain() -> int:
        return 1

    @app.get("/thread")
    def thread() -> int:
        return 1

    @app.get("/raises")
    async def raises() -> None:
        raise LookupError

    @app.get("/refuses")
    async def refuses() -> None:
        raise HTTPException(503)

    @app.get("/streams")
    async def streams() -> StreamingResponse:
        return StreamingResponse(_parts())

    @app.get("/later")
    async def later(tasks: BackgroundTasks) -> int:
        tasks.add_task(len, "")
        return 1

    @app.get("/given")
    async def given(number: int = Depends(_given)) -> int:
        return number

    app.mount("/mounted", mounted)
    return app


async def left_behind(port: int, path: str) -> int:
    """Objects that only the garbage collector frees, for each request."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-User: ann\r\nConnection: close\r\n\r\n".encode()

    async def ask() -> None:
        for _ in range(REQUESTS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            await reader.read()
            writer.close()
            await writer.wait_closed()

    await ask()
    gc.collect()
    await ask()
    # A few are of nobody's request.
    return round(gc.collect() / REQUESTS)


async def main() -> None:
    """Everything is in one process and one thread."""
    logging.disable(logging.CRITICAL)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(application(), log_level="critical"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        gc.disable()
        left = {path: await left_behind(listener.getsockname()[1], path) for path in PATHS}
        gc.enable()
        server.should_exit = True
        await serving
    print(json.dumps(left))  # noqa: T201 - what it is for


if __name__ == "__main__":
    asyncio.run(main())
