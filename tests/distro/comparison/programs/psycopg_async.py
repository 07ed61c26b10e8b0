"""psycopg, asynchronous."""

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row

OPERATIONS = {
    ("SELECT", None): 2 + 5 + 10 + 4 + 2 + 2,
    ("INSERT", None): 2,
    ("COPY", None): 2,
    ("COPY", "ZeroDivisionError"): 1,
    ("COPY", "42601"): 1,
    ("SELECT", "42703"): 3,
    ("SELECT", "57014"): 1,
    ("SELECT", "asyncio.exceptions.CancelledError"): 1,
    ("SELECT", "KeyError"): 1,
}


class OwnConnection(psycopg.AsyncConnection):
    pass


class OwnCursor(psycopg.AsyncCursor):
    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        print("asked")
        return await super().execute(*args, **kwargs)


async def attempt(call: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> None:
    try:
        print(await call(*args, **kwargs))
    except (Exception, asyncio.CancelledError) as error:
        traceback.print_exc()
        print(type(error).__module__, type(error).__qualname__, error.args, error.__cause__)


def run(dsn: str) -> None:
    asyncio.run(work(dsn))


async def work(dsn: str) -> None:
    for kind in (psycopg.AsyncConnection, OwnConnection):
        connection = await kind.connect(dsn, autocommit=True, row_factory=dict_row)
        print(type(connection).__qualname__, await (await connection.execute("SELECT 1 AS a")).fetchone())
        await connection.close()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await cursors(connection)
        await together(dsn)
        await piecemeal(connection)
        await errors(connection)
        async with connection.pipeline():
            print([await (await connection.execute("SELECT %s", (number,))).fetchone() for number in range(2)])
    for name in ("execute", "executemany", "stream", "copy"):
        method = getattr(psycopg.AsyncCursor, name)
        print(name, inspect.iscoroutinefunction(method), inspect.isasyncgenfunction(method), method.__qualname__)


async def cursors(connection: Any) -> None:
    """5 selects and 2 inserts."""
    cursor = connection.cursor()
    print(await cursor.execute("SELECT 1") is cursor, await cursor.fetchall())
    await cursor.execute("INSERT INTO things VALUES (%s)", (1,))
    await cursor.executemany("INSERT INTO things VALUES (%s)", [(2,), (3,)])
    async with connection.transaction(), connection.cursor("named") as named:
        print(await named.execute("SELECT generate_series(1, 3)") is named, [row async for row in named])
        print(type(named).__qualname__)
    for kind in (psycopg.AsyncClientCursor, psycopg.AsyncRawCursor, OwnCursor):
        other = kind(connection)
        print(await (await other.execute("SELECT 1")).fetchone(), type(other).__qualname__)


async def together(dsn: str) -> None:
    """10 selects."""

    async def one() -> None:
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            for _ in range(2):
                await connection.execute("SELECT pg_sleep(0.01)")

    await asyncio.gather(*(one() for _ in range(5)))


async def piecemeal(connection: Any) -> None:
    """3 selects, two that fail, one of them by the application; 2 copies, two that fail."""
    cursor = connection.cursor()
    print([row async for row in cursor.stream("SELECT generate_series(1, 3)")])
    async for row in cursor.stream("SELECT generate_series(1, 1000000)"):
        print(row)
        break
    rows = cursor.stream("SELECT generate_series(1, 3)")
    print(await anext(rows))
    await rows.aclose()
    rows = cursor.stream("SELECT generate_series(1, 3)")
    await anext(rows)
    await attempt(rows.athrow, KeyError("thrown"))

    async def streamed() -> list[Any]:
        return [row async for row in cursor.stream("SELECT nothing")]

    await attempt(streamed)
    async with cursor.copy("COPY (SELECT generate_series(1, 3)) TO STDOUT") as copy:
        print(type(copy).__qualname__, [bytes(part) async for part in copy])
    async with cursor.copy("COPY things FROM STDIN") as copy:
        await copy.write_row((1,))
    print(cursor.rowcount)

    async def copying(statement: str) -> None:
        async with cursor.copy(statement):
            1 / 0

    manager = cursor.copy("COPY things FROM STDIN")
    print(type(manager).__module__, type(manager).__qualname__)
    await attempt(copying, "COPY things FROM STDIN")
    await attempt(copying, "COPY things FROM NOWHERE")
    print(await (await cursor.execute("SELECT 1")).fetchone())


async def errors(connection: Any) -> None:
    """Two that fail, one that the server ends, and one that is given up."""
    cursor = connection.cursor()
    await attempt(cursor.execute, "SELECT nothing")
    await attempt(connection.execute, "SELECT nothing")
    await connection.execute("SELECT set_config('statement_timeout', '50', false)")
    await attempt(connection.execute, "SELECT pg_sleep(5)")
    await connection.execute("SELECT set_config('statement_timeout', '0', false)")
    task = asyncio.create_task(connection.execute("SELECT pg_sleep(5)"))
    await asyncio.sleep(0.1)
    task.cancel()
    await attempt(lambda: task)
