"""psycopg2's pools."""

from threading import Thread
from typing import Any

import psycopg2
from psycopg2 import extras
from psycopg2.pool import AbstractConnectionPool, PoolError, SimpleConnectionPool, ThreadedConnectionPool

OPERATIONS = {("SELECT", None): 24, ("SELECT", "42703"): 1}


def run(dsn: str) -> None:
    for kind in (SimpleConnectionPool, ThreadedConnectionPool):
        one_by_one(kind(1, 2, dsn, connection_factory=extras.RealDictConnection))
    together(ThreadedConnectionPool(2, 4, dsn=dsn, cursor_factory=extras.DictCursor))
    broken(SimpleConnectionPool(1, 1, dsn))
    for arguments in ((1, 2, "no connection string"), ("x", 2, dsn)):
        try:
            SimpleConnectionPool(*arguments)
        except (psycopg2.Error, ValueError) as error:
            print(repr(error))
    print(AbstractConnectionPool.__init__.__name__, ThreadedConnectionPool.getconn.__doc__)


def one_by_one(pool: Any) -> None:
    """2 selects."""
    first, second = pool.getconn(), pool.getconn("key")
    print(type(first).__qualname__, first is second, pool.getconn("key") is second)
    for connection in (first, second):
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS a")
            print(cursor.fetchall())
    try:
        pool.getconn()
    except PoolError as error:
        print(repr(error))
    pool.putconn(first)
    pool.putconn(second, "key", close=True)
    print(pool.getconn() is first, first.closed, second.closed)
    pool.closeall()
    for call in (pool.getconn, pool.closeall, lambda: pool.putconn(first)):
        try:
            call()
        except PoolError as error:
            print(repr(error))


def together(pool: Any) -> None:
    """20 selects."""

    def work() -> None:
        for _ in range(5):
            connection = pool.getconn()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 AS a")
                assert cursor.fetchone()["a"] == 1
            pool.putconn(connection)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.closeall()
    print(pool.closed)


def broken(pool: Any) -> None:
    """A failed transaction is rolled back when its connection is given back."""
    connection = pool.getconn()
    try:
        connection.cursor().execute("SELECT nothing")
    except psycopg2.Error as error:
        print(repr(error))
    pool.putconn(connection)
    print(pool.getconn() is connection, connection.info.transaction_status)
    pool.closeall()
