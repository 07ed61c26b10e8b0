"""Children that end in many ways, each after as many requests as its number in the list says.

Prints the exit code of each, so that the same program can be compared without the distro.
"""
# ruff: noqa: T201

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import httpx

from tests.distro.example_app import app


async def _serve(requests: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for _ in range(requests):
            await client.get("/plain", headers={"x-user": "ann"})


def serve(requests: int) -> None:
    asyncio.run(_serve(requests))


def fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def serve_and_exit(requests: int, status: int) -> None:
    serve(requests)
    os._exit(status)


def main() -> None:
    context = multiprocessing.get_context("fork")
    print(fork(lambda: serve_and_exit(1, 3)))
    print(fork(lambda: os._exit(4)))
    process = context.Process(target=serve, args=(2,))
    process.start()
    process.join()
    print(process.exitcode)
    process = context.Process(target=serve_and_exit, args=(4, 5))
    process.start()
    process.join()
    print(process.exitcode)
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        executor.submit(serve, 8).result()
    pool = context.Pool(1)
    pool.apply(serve, (16,))
    pool.close()
    pool.join()
    print(fork(lambda: sys.exit(6)))


main()
