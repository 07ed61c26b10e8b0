"""Serves two requests, forks; the parent serves two more and the child three, then both end without a word."""

import asyncio
import os
import sys
import time

import httpx

from tests.distro.example_app import app


async def serve(requests: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for _ in range(requests):
            await client.get("/plain")


asyncio.run(serve(2))
time.sleep(0.5)
child = os.fork()
asyncio.run(serve(3 if child == 0 else 2))
time.sleep(1)
if child == 0:
    os._exit(0)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
