"""asyncpg: every way to execute."""

import asyncio
import inspect
import io
import traceback
from collections.abc import Callable
from typing import Any

import asyncpg

OPERATIONS = {
    ("SELECT", None): 9 + 4 + 9 + 6 + 1 + 1,
    ("INSERT", None): 4,
    ("COPY", None): 6,
    ("COPY", "22P04"): 1,
    ("EXPLAIN", None): 1,
    ("SELECT", "42703"): 2,
    ("SELECT", "TimeoutError"): 1,
    ("SELECT", "asyncio.exceptions.CancelledError"): 1,
    ("SELECT", "asyncpg.exceptions._base.InterfaceError"): 2,
    # What asyncpg says of a value before it sends any.
    ("SELECT", "22000"): 1,
    ("LISTEN", None): 1,
    ("_OTHER", "42601"): 1,
    # What asyncpg makes of nothing.
    (None, "AttributeError"): 1,
}


class OwnConnection(asyncpg.Connection):
    asked = 0

    async def fetch(self, *args: Any, **kwargs: Any) -> Any:
        type(self).asked += 1
        return await super().fetch(*args, **kwargs)


class OwnRecord(asyncpg.Record):
    def __getattr__(self, name: str) -> Any:
        return self[name]


async def attempt(call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        print(await call(*args, **kwargs))
    except (Exception, asyncio.CancelledError) as error:
        traceback.print_exc()
        print(type(error).__module__, type(error).__qualname__, error.args, error.__cause__)


def run(dsn: str) -> None:
    asyncio.run(work(dict(part.split("=") for part in dsn.split())))


async def work(dsn: dict[str, str]) -> None:
    dsn["database"] = dsn.pop("dbname")
    connection = await asyncpg.connect(**dsn)
    await statements(connection)
    await prepared(connection)
    await pools(dsn)
    await copies(connection)
    await errors(connection)
    await listening(connection)
    await connection.close()
    await attempt(connection.fetch, "SELECT 1")
    for kind in (asyncpg.Connection, asyncpg.prepared_stmt.PreparedStatement):
        for name in ("execute", "executemany", "fetch", "fetchval", "fetchrow", "fetchmany", "copy_from_query"):
            if (method := getattr(kind, name, None)) is not None:
                print(name, method.__qualname__, inspect.signature(method), inspect.iscoroutinefunction(method))


async def statements(connection: Any) -> None:
    """9 selects, 4 inserts, one of nothing; transactions are the driver's."""
    print(type(connection).__module__, type(connection).__qualname__)
    print(await connection.execute("SELECT 1"), await connection.execute("SELECT $1::int", 1))
    print(await connection.fetch("SELECT generate_series(1, 3) AS a"), await connection.fetchval("SELECT 1"))
    print(await connection.fetchrow(query="SELECT 1 AS a"), await connection.fetchval("SELECT 1, 2", column=1))
    print((await connection.fetchrow("-- note\nSELECT 1 AS a", record_class=OwnRecord)).a)
    print(await connection.execute("INSERT INTO things VALUES ($1)", 1))
    print(await connection.executemany("INSERT INTO things VALUES ($1)", [(2,), (3,)]))
    async with connection.transaction():
        print(await connection.executemany(command="INSERT INTO things VALUES ($1)", args=[(4,)]))
        try:
            async with connection.transaction():
                await connection.execute("INSERT INTO things VALUES (5)")
                raise KeyError("on purpose")
        except KeyError as error:
            print(repr(error))
    transaction = connection.transaction(isolation="serializable", readonly=True)
    await transaction.start()
    print(await connection.fetchval("SELECT count(*) FROM things"))
    await transaction.rollback()
    await attempt(connection.execute, "")
    print(await connection.fetchval("WITH x AS (SELECT 1 AS a) SELECT a FROM x"))


async def prepared(connection: Any) -> None:
    """4 selects by a prepared statement and an explanation; 3 cursors of 9 selects, with those of other kinds."""
    statement = await connection.prepare("SELECT generate_series(1, $1::int)")
    print(await statement.fetch(2), await statement.fetchval(1), await statement.fetchrow(1), statement.get_query())
    print(await statement.executemany([(1,), (2,)]), type(statement).__qualname__)
    print(len(await statement.explain(1)))
    async with connection.transaction():
        print([row[0] async for row in connection.cursor("SELECT generate_series(1, 120)")][-1])
        print([row[0] async for row in statement.cursor(3, prefetch=2)])
        cursor = await connection.cursor("SELECT generate_series(1, 5)")
        print(await cursor.fetch(2), await cursor.forward(1), await cursor.fetchrow(), type(cursor).__qualname__)
        cursor = await statement.cursor(2)
        print(await cursor.fetch(5))
    for _ in range(5):
        print(await connection.fetchval("SELECT 1"))


async def pools(dsn: dict[str, str]) -> None:
    """6 selects."""
    async with asyncpg.create_pool(
        **dsn, min_size=1, max_size=2, connection_class=OwnConnection, record_class=OwnRecord
    ) as pool:
        async with pool.acquire() as connection:
            print(type(connection).__qualname__, isinstance(connection, OwnConnection))
            print((await connection.fetch("SELECT 1 AS a"))[0].a)
            statement = await connection.prepare("SELECT 2")
            print(await statement.fetchval())
        try:
            await statement.fetchval()
        except asyncpg.InterfaceError as error:
            print(repr(error))
        await attempt(connection.fetchval, "SELECT 1")
        print(await pool.fetchval("SELECT 3"), await pool.execute("SELECT 1"))
        print(await asyncio.gather(*(pool.fetchval("SELECT $1::int", number) for number in range(2))))
        print(OwnConnection.asked)


async def copies(connection: Any) -> None:
    """6 copies, and one that fails; the values of a query are not asked for by the application."""
    out = io.BytesIO()
    print(await connection.copy_from_query("SELECT generate_series(1, 2)", output=out))
    print(await connection.copy_from_query("SELECT $1::int", 7, output=out))
    print(await connection.copy_from_table("unique_things", output=out))
    print(await connection.copy_to_table("things", source=io.BytesIO(b"8\n9\n")))
    print(await connection.copy_records_to_table("things", records=[(1,), (2,)]), out.getvalue())

    async def records() -> Any:
        for number in range(2):
            await asyncio.sleep(0)
            yield (number,)

    print(await connection.copy_records_to_table("things", records=records()))
    await attempt(connection.copy_to_table, "things", source=io.BytesIO(b"1\t2\n"))


async def errors(connection: Any) -> None:
    await attempt(connection.execute, "SELECT nothing")
    await attempt(connection.fetch, "SELECT nothing")
    await attempt(connection.execute, "SELEC 1")
    await attempt(connection.fetch, "SELECT $1::int", "no number")
    await attempt(connection.fetchval, "SELECT pg_sleep(60)", timeout=2)
    # Waits until the server has cancelled the one before, so that the next one is cancelled while it runs.
    await connection.fetchval("SELECT 1")
    task = asyncio.create_task(connection.fetchval("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.5)
    await attempt(connection.fetch, "SELECT 1")
    task.cancel()
    await attempt(lambda: task)


async def listening(connection: Any) -> None:
    """A select, and what listens."""
    heard = asyncio.Event()
    await connection.add_listener("channel", lambda *_event: heard.set())
    await connection.execute("SELECT pg_notify('channel', 'payload')")
    await asyncio.wait_for(heard.wait(), 60)
    print(heard.is_set())
