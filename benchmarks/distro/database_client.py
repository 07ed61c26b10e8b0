"""Executes as many operations as it is told: `python -m benchmarks.distro.database_client DRIVER DSN`."""

import sys
from typing import Any

from benchmarks.distro.operation_client import Operation, answer, cpu_nanoseconds_of

STATEMENT = "SELECT 1"


def psycopg2_operations(dsn: str) -> Operation:
    import psycopg2

    cursor = psycopg2.connect(dsn).cursor()

    def work(times: int) -> None:
        for _ in range(times):
            cursor.execute(STATEMENT)
            cursor.fetchone()

    return work


def psycopg_operations(dsn: str) -> Operation:
    import psycopg

    cursor: Any = psycopg.connect(dsn).cursor()

    def work(times: int) -> None:
        for _ in range(times):
            cursor.execute(STATEMENT)
            cursor.fetchone()

    return work


def asyncpg_operations(dsn: str) -> Operation:
    import asyncpg
    import uvloop

    given = dict(part.split("=") for part in dsn.split())
    given["database"] = given.pop("dbname")
    # asyncio asks the C library for 256 KiB at each read, which can be half of an operation.
    loop = uvloop.new_event_loop()
    connection: Any = loop.run_until_complete(asyncpg.connect(**given))

    async def several(times: int) -> None:
        for _ in range(times):
            await connection.fetchval(STATEMENT)

    return lambda times: loop.run_until_complete(several(times))


DRIVERS = {"psycopg2": psycopg2_operations, "psycopg": psycopg_operations, "asyncpg": asyncpg_operations}


def main(driver: str, dsn: str) -> None:
    operation = DRIVERS[driver](dsn)
    answer(lambda times: (cpu_nanoseconds_of(operation, times),))


if __name__ == "__main__":
    main(*sys.argv[1:])
