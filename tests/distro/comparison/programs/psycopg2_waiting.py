"""Asynchronous connections, and those that wait by a callback, as with gevent."""

import select
from typing import Any

import psycopg2
from psycopg2 import extensions, extras

OPERATIONS = {
    ("SELECT", None): 6,
    ("SELECT", "22012"): 2,
    ("SELECT", "42703"): 1,
    ("SELECT", "psycopg2.ProgrammingError"): 4,
    ("CALL", None): 1,
    ("_OTHER", "42601"): 1,
}


def wait(connection: Any) -> None:
    while (state := connection.poll()) != extensions.POLL_OK:
        reading = [connection] if state == extensions.POLL_READ else []
        writing = [connection] if state == extensions.POLL_WRITE else []
        select.select(reading, writing, [], 5)


def run(dsn: str) -> None:
    asynchronous(dsn)
    by_callback(dsn)


def asynchronous(dsn: str) -> None:
    """2 selects, a call, one that fails; of each connection two that it refuses."""
    for arguments in ({"async_": True}, {"async": 1, "connection_factory": extras.RealDictConnection}):
        connection = psycopg2.connect(dsn, **arguments)
        print(type(connection).__qualname__, connection.async_, connection.isexecuting())
        wait(connection)
        cursor = connection.cursor()
        cursor.execute("SELECT pg_sleep(0.01), 1 AS a")
        print(connection.isexecuting())
        try:
            cursor.execute("SELECT 2")
        except psycopg2.ProgrammingError as error:
            print(repr(error))
        wait(connection)
        print(cursor.fetchall()[0], type(cursor).__qualname__)
        if "async" in arguments:
            cursor.execute("SELECT 1/0")
            try:
                wait(connection)
            except psycopg2.DataError as error:
                print(repr(error), error.pgcode)
            cursor.callproc("abs", (-1,))
            wait(connection)
            print(cursor.fetchall())
        for call, *given in (
            (connection.cursor, "named"),
            (cursor.executemany, "SELECT 1", [()]),
            (connection.commit,),
        ):
            try:
                call(*given)
            except psycopg2.ProgrammingError as error:
                print(repr(error))
        connection.close()


def by_callback(dsn: str) -> None:
    """4 selects, two that fail, and one without sense."""
    waited = []

    def callback(connection: Any) -> None:
        waited.append(type(connection).__qualname__)
        wait(connection)

    extensions.set_wait_callback(callback)
    try:
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for _ in range(3):
                cursor.execute("SELECT 1")
                print(cursor.fetchall())
            for statement in ("SELECT 1/0", "SELECT nothing", "SELEC"):
                try:
                    cursor.execute(statement)
                except psycopg2.Error as error:
                    print(repr(error), error.pgcode)
        with connection.cursor(cursor_factory=extras.DictCursor) as cursor:
            cursor.execute("SELECT 1 AS a")
            print(cursor.fetchone()["a"])
        connection.close()
    finally:
        extensions.set_wait_callback(None)
    print(len(waited) > 5, set(waited))
    print(psycopg2.extras.wait_select.__name__)
