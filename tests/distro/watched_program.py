"""Serves three requests, and prints what each was answered.

`python -m tests.distro.watched_program [STDERR]`: `none` and `refusing` are what the program makes of its stderr.
"""
# ruff: noqa: T201

import asyncio
import io
import sys

import httpx

from tests.distro.minimal_app import app


class _Refusing(io.StringIO):
    def write(self, _text: str) -> int:
        raise ValueError("I/O operation on closed file")


async def serve() -> None:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        for _ in range(3):
            print((await client.get("/items/1")).status_code)


def main(stderr: str = "") -> None:
    if stderr == "none":
        sys.stderr = sys.__stderr__ = None  # type: ignore[misc]
    elif stderr == "refusing":
        sys.stderr = _Refusing()
    asyncio.run(serve())


main(*sys.argv[1:])
