"""Every way to choose the classes of connections, cursors and rows."""

import logging
import sys
from typing import Any

import psycopg2
import psycopg2.extensions
from psycopg2 import extras
from psycopg2.extensions import connection as plain_connection
from psycopg2.extensions import cursor as plain_cursor

OPERATIONS = {("SELECT", None): 8 + 18 + 5 + 3 + 3, ("INSERT", None): 2, ("CALL", None): 4}


class OwnCursor(plain_cursor):
    """Counts what it is asked, and adds nothing else."""

    asked = 0

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - as psycopg2 calls it
        type(self).asked += 1
        return super().execute(query, vars)


class EachCursor(plain_cursor):
    """Whose `executemany` is one `execute` for each, and whose `callproc` is an `execute`."""

    def executemany(self, query: Any, vars_list: Any) -> None:
        for each in vars_list:
            self.execute(query, each)

    def callproc(self, procname: str, parameters: Any = ()) -> Any:
        self.execute(f"SELECT {procname}(%s)", parameters)


class OwnConnection(plain_connection):
    """With an attribute, a cursor class, and an argument of its own."""

    def __init__(self, dsn: str, *more: Any) -> None:
        super().__init__(dsn, *more)
        self.name = "own"

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("cursor_factory", OwnCursor)
        return super().cursor(*args, **kwargs)


def made_connection(dsn: str, *more: Any) -> Any:
    return OwnConnection(dsn, *more)


def made_cursor(*args: Any, **kwargs: Any) -> Any:
    return extras.DictCursor(*args, **kwargs)


def show(connection: Any, cursor: Any) -> None:
    cursor.execute("SELECT 1 AS a")
    row = cursor.fetchone()
    print(
        type(connection).__module__,
        type(connection).__qualname__,
        type(cursor).__module__,
        type(cursor).__qualname__,
        type(row).__qualname__,
        row,
        type(cursor) is plain_cursor,
        type(connection) is plain_connection,
        isinstance(cursor, psycopg2.extensions.cursor),
        isinstance(connection, psycopg2.extensions.connection),
        connection.cursor_factory,
        cursor.connection is connection,
        cursor.name,
    )


def run(dsn: str) -> None:
    of_connections(dsn)
    of_cursors(dsn)
    of_both(dsn)
    of_own(dsn)
    without_connect(dsn)


def of_connections(dsn: str) -> None:
    """8 selects."""
    for factory in (
        None,
        plain_connection,
        extras.DictConnection,
        extras.RealDictConnection,
        extras.NamedTupleConnection,
        OwnConnection,
        made_connection,
    ):
        connection = psycopg2.connect(dsn, connection_factory=factory)
        show(connection, connection.cursor())
        connection.close()
    connection = psycopg2.connect(dsn, extras.RealDictConnection)
    show(connection, connection.cursor())
    connection.close()


def of_cursors(dsn: str) -> None:
    """18 selects."""
    connection = psycopg2.connect(dsn)
    for factory in (
        None,
        plain_cursor,
        extras.DictCursor,
        extras.RealDictCursor,
        extras.NamedTupleCursor,
        OwnCursor,
        made_cursor,
    ):
        show(connection, connection.cursor(cursor_factory=factory))
        show(connection, connection.cursor(None, factory))
    for cursor in (
        connection.cursor("named"),
        connection.cursor(name="named2", cursor_factory=extras.RealDictCursor),
        connection.cursor("named3", extras.DictCursor, True, False),
        connection.cursor(None, None, False),
    ):
        show(connection, cursor)
        cursor.close()
    connection.close()


def of_both(dsn: str) -> None:
    """5 selects."""
    connection = psycopg2.connect(dsn, connection_factory=extras.RealDictConnection, cursor_factory=extras.DictCursor)
    show(connection, connection.cursor())
    show(connection, connection.cursor(cursor_factory=extras.NamedTupleCursor))
    connection.cursor_factory = extras.NamedTupleCursor
    show(connection, connection.cursor())
    connection.cursor_factory = None
    show(connection, connection.cursor())
    connection.close()
    connection = psycopg2.connect(dsn, None, OwnCursor)
    show(connection, connection.cursor())
    connection.close()


def of_own(dsn: str) -> None:
    """A call by each of four classes; two inserts and a select by another; a select by each of the logging ones."""
    connection = psycopg2.connect(dsn)
    with connection.cursor() as cursor:
        cursor.callproc("abs", (-1,))
        print(cursor.fetchall())
    with connection.cursor(cursor_factory=EachCursor) as cursor:
        cursor.executemany("INSERT INTO things VALUES (%s)", [(1,), (2,)])
        cursor.callproc("abs", (-2,))
        print(cursor.fetchall(), cursor.rowcount)
    for factory in (extras.DictCursor, extras.RealDictCursor, extras.NamedTupleCursor):
        with connection.cursor(cursor_factory=factory) as cursor:
            cursor.callproc("abs", [-3])
            print(cursor.fetchall())
    connection.close()
    logger = logging.getLogger("programs")
    logger.addHandler(logging.StreamHandler(sys.stdout))
    logger.setLevel(logging.DEBUG)
    for kind, setting in ((extras.LoggingConnection, ()), (extras.MinTimeLoggingConnection, (60_000,))):
        connection = psycopg2.connect(dsn, connection_factory=kind)
        connection.initialize(logger, *setting)
        show(connection, connection.cursor())
        connection.close()
    print(OwnCursor.asked)


def without_connect(dsn: str) -> None:
    """3 selects."""
    connection = plain_connection(dsn)
    show(connection, connection.cursor())
    show(connection, plain_cursor(connection))
    show(connection, extras.RealDictCursor(connection))
    connection.close()
