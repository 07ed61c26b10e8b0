"""Executes as many operations as it is told: `python -m tests.benchmarks.distro.database_client DRIVER DSN`.

Each line on stdin is a number; the answer is how many nanoseconds of CPU the process took for so many operations.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

STATEMENT = "SELECT 1"


def psycopg2_operations(dsn: str) -> Callable[[int], None]:
    import psycopg2

    cursor = psycopg2.connect(dsn).cursor()

    def work(times: int) -> None:
        for _ in range(times):
            cursor.execute(STATEMENT)
            cursor.fetchone()

    return work


def psycopg_operations(dsn: str) -> Callable[[int], None]:
    import psycopg

    cursor: Any = psycopg.connect(dsn).cursor()

    def work(times: int) -> None:
        for _ in range(times):
            cursor.execute(STATEMENT)
            cursor.fetchone()

    return work


def asyncpg_operations(dsn: str) -> Callable[[int], None]:
    import asyncpg

    given = dict(part.split("=") for part in dsn.split())
    given["database"] = given.pop("dbname")
    loop = asyncio.new_event_loop()
    connection: Any = loop.run_until_complete(asyncpg.connect(**given))

    async def several(times: int) -> None:
        for _ in range(times):
            await connection.fetchval(STATEMENT)

    return lambda times: loop.run_until_complete(several(times))


DRIVERS = {"psycopg2": psycopg2_operations, "psycopg": psycopg_operations, "asyncpg": asyncpg_operations}


def main(driver: str, dsn: str) -> None:
    work = DRIVERS[driver](dsn)
    for line in sys.stdin:
        before = time.process_time_ns()
        work(int(line))
        sys.stdout.write(f"{time.process_time_ns() - before}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
