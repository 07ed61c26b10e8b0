"""Uses the pools of every library, and prints what is read of them: one line of JSON for each moment."""

import asyncio
import gc
import json
import sys
from threading import Thread
from time import sleep
from typing import Any

from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.sources.database.asyncpg_pools import ASYNCPG_POOLS
from reduse.distro.sources.database.pool_metrics import PoolMetrics
from reduse.distro.sources.database.psycopg_pools import PSYCOPG_POOLS
from reduse.distro.sources.database.sqlalchemy_pools import SQLALCHEMY_POOLS
from tests.distro.doubles import Clock, settings

telemetry = Telemetry(settings(), Clock())
for each in (PSYCOPG_POOLS, ASYNCPG_POOLS, SQLALCHEMY_POOLS):
    each.start(telemetry)


def show(moment: str) -> None:
    """Idle, used, maximum, pending and timeouts, by the name of the pool."""
    gc.collect()
    readings: dict[str, list[Any]] = {}
    for metric in telemetry.source(PoolMetrics).collect(1, 2):
        for state in metric.states:
            name = str(state.attributes["db.client.connection.pool.name"])
            kind = state.attributes.get("db.client.connection.state", metric.name.rpartition(".")[2])
            readings.setdefault(name, []).append((kind, state.value))  # type: ignore[union-attr]
    print(json.dumps([moment, {name: dict(each) for name, each in readings.items()}]))  # noqa: T201 - its output


def psycopg_pools(dsn: str) -> None:
    from psycopg_pool import ConnectionPool, NullConnectionPool, PoolTimeout

    with ConnectionPool(f"{dsn} dbname=one", min_size=2, max_size=3) as pool:
        pool.wait()
        connections = [pool.getconn() for _ in range(2)]
        show("psycopg: two of two")
        connections.append(pool.getconn())
        try:
            pool.getconn(timeout=0.1)
        except PoolTimeout:
            show("psycopg: exhausted")
        waiting = Thread(target=lambda: pool.putconn(pool.getconn()))
        waiting.start()
        while not pool.get_stats()["requests_waiting"]:
            sleep(0.01)
        show("psycopg: one waits")
        for connection in connections:
            pool.putconn(connection)
        waiting.join()
    show("psycopg: closed")
    with NullConnectionPool(dsn, kwargs={"dbname": "six"}, open=True) as pool, pool.connection():
        show("psycopg: null")


async def psycopg_async_pools(dsn: str) -> None:
    from psycopg_pool import AsyncConnectionPool, PoolTimeout

    pool = AsyncConnectionPool(dsn, kwargs={"dbname": "two"}, min_size=1, max_size=1, open=False)
    async with pool, pool.connection():
        try:
            await pool.getconn(timeout=0.1)
        except PoolTimeout:
            show("psycopg async: exhausted")


async def asyncpg_pools(given: dict[str, str]) -> None:
    import asyncpg

    url = f"postgresql://{given['user']}:{given['password']}@{given['host']}:{given['port']}/three"
    pool = await asyncpg.create_pool(url, min_size=1, max_size=2)
    assert type(pool) is asyncpg.Pool
    async with pool.acquire() as _first, pool.acquire() as _second:
        try:
            await pool.acquire(timeout=0.1)
        except TimeoutError:
            show("asyncpg: exhausted")
    await pool.close()
    del pool
    show("asyncpg: gone")


def sqlalchemy_pools(given: dict[str, str]) -> None:
    import sqlalchemy as sa

    def url(database: str) -> sa.URL:
        return sa.URL.create(
            "postgresql+psycopg", given["user"], given["password"], given["host"], int(given["port"]), database
        )

    engine = sa.create_engine(url("four"), pool_size=2, max_overflow=1, pool_timeout=0.1)
    connections = [engine.connect() for _ in range(3)]
    try:
        engine.connect()
    except sa.exc.TimeoutError:
        show("sqlalchemy: exhausted")
    for connection in connections:
        connection.close()
    show("sqlalchemy: idle")
    engine.dispose()
    with engine.connect():
        show("sqlalchemy: its next pool")
    engine.dispose()
    engine = sa.create_engine(url("five"), poolclass=sa.NullPool)
    with engine.connect(), engine.connect():
        show("sqlalchemy: null")
    show("sqlalchemy: null, given back")
    lite = sa.create_engine("sqlite:///:memory:", poolclass=sa.QueuePool, max_overflow=-1)
    with lite.connect():
        show("sqlalchemy: another database")


def main(dsn: str) -> None:
    given = dict(part.split("=") for part in dsn.split())
    psycopg_pools(dsn)
    asyncio.run(psycopg_async_pools(dsn))
    asyncio.run(asyncpg_pools(given))
    sqlalchemy_pools(given)


if __name__ == "__main__":
    main(sys.argv[1])
