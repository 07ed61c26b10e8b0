"""Errors, as a service sees and prints them."""

import io
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2 import errorcodes, errors, extras
from psycopg2.extensions import ISOLATION_LEVEL_SERIALIZABLE

OPERATIONS = {
    ("SELECT", None): 1,
    ("SELECT", "42703"): 3,
    ("SELECT", "25P02"): 1,
    ("SELECT", "22012"): 1,
    ("SELECT", "57014"): 1,
    ("SELECT", "psycopg2.ProgrammingError"): 1,
    ("SELECT", "psycopg2.InterfaceError"): 3,
    ("SELECT", "IndexError"): 1,
    ("SELECT", "LookupError"): 1,
    ("SELECT", "TypeError"): 2,
    ("INSERT", "23502"): 1,
    ("INSERT", "23505"): 1,
    ("SET", None): 1,
    ("DO", "P0042"): 1,
    # What psycopg2 makes of a file that fails.
    ("COPY", "57014"): 1,
    ("COPY", "22P02"): 1,
    ("CALL", "42883"): 1,
    ("_OTHER", "TypeError"): 1,
    (None, "TypeError"): 1,
}


class Broken:
    """What no adapter takes."""


class Refusing:
    """Whose adapter fails."""

    def __conform__(self, _protocol: Any) -> Any:
        raise LookupError("no adapter")


class Failing(io.StringIO):
    def read(self, _size: int | None = -1) -> str:
        raise OSError("cannot be read")


def attempt(call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Print all that an error tells; it must not be kept by anybody."""
    try:
        print(call(*args, **kwargs))
    except Exception as error:
        traceback.print_exc()
        print(type(error).__module__, type(error).__qualname__, error.args, error.__cause__, error.__context__)
        if isinstance(error, psycopg2.Error):
            print(error.pgcode, error.pgerror, error.diag.sqlstate, error.diag.constraint_name)
            print(type(error.cursor), error.cursor is None)


def run(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    cursor = connection.cursor()
    of_statements(connection, cursor)
    of_arguments(connection, cursor)
    of_copies(connection, cursor)
    of_connections(dsn)
    of_closed(connection, cursor)


def of_statements(connection: Any, cursor: Any) -> None:
    attempt(cursor.execute, "SELECT nothing")
    attempt(cursor.execute, "SELECT 1")
    connection.rollback()
    attempt(cursor.execute, "INSERT INTO unique_things VALUES (NULL)")
    connection.rollback()
    attempt(cursor.executemany, "INSERT INTO unique_things VALUES (%s)", [(1,), (1,)])
    connection.rollback()
    attempt(cursor.execute, "DO $$ BEGIN RAISE 'on purpose' USING ERRCODE = 'P0042'; END $$")
    connection.rollback()
    attempt(cursor.callproc, "no_such_function", (1,))
    connection.rollback()
    connection.set_session(isolation_level=ISOLATION_LEVEL_SERIALIZABLE)
    cursor.execute("SET statement_timeout = 50")
    attempt(cursor.execute, "SELECT pg_sleep(5)")
    connection.rollback()
    dictionary = connection.cursor(cursor_factory=extras.RealDictCursor)
    attempt(dictionary.execute, "SELECT nothing")
    connection.rollback()
    with connection, connection.cursor() as inner:
        attempt(inner.execute, "SELECT 1/0")
    try:
        with connection, connection.cursor() as inner:
            inner.execute("SELECT nothing")
    except errors.UndefinedColumn as error:
        print(pickle.loads(pickle.dumps(error)).pgcode == errorcodes.UNDEFINED_COLUMN)


def of_arguments(connection: Any, cursor: Any) -> None:
    attempt(cursor.execute)
    attempt(cursor.execute, 7)
    attempt(cursor.execute, "SELECT 1", (), ())
    attempt(cursor.execute, "SELECT 1", no_such_argument=1)
    attempt(cursor.execute, "SELECT %s, %s", (1,))
    attempt(cursor.execute, "SELECT %s", (Broken(),))
    attempt(cursor.execute, "SELECT %s", (Refusing(),))
    attempt(connection.cursor, 1, 2, 3, 4, 5)
    attempt(connection.cursor, cursor_factory=dict)
    attempt(connection.cursor, cursor_factory=lambda *_args, **_kwargs: None)
    attempt(connection.cursor, no_such_argument=1)
    attempt(setattr, cursor, "attribute", 1)
    attempt(setattr, connection, "attribute", 1)
    attempt(psycopg2.extensions.cursor)
    attempt(psycopg2.extensions.cursor, 1)
    attempt(cursor.fetchone)


def of_copies(connection: Any, cursor: Any) -> None:
    attempt(cursor.copy_expert, "COPY things FROM STDIN", Failing())
    connection.rollback()
    attempt(cursor.copy_from, io.StringIO("no number\n"), "things")
    connection.rollback()


def of_connections(dsn: str) -> None:
    attempt(psycopg2.connect, dsn, dbname="no_such_database")
    attempt(psycopg2.connect, "no connection string")
    attempt(psycopg2.connect, dsn, connection_factory=dict)
    attempt(psycopg2.connect, dsn, connection_factory=lambda _dsn: 1 / 0)
    attempt(psycopg2.connect, dsn, no_such_argument=1)
    attempt(psycopg2.connect)


def of_closed(connection: Any, cursor: Any) -> None:
    """3 selects that find nothing open; one that works is between."""
    cursor.execute("SELECT 1")
    cursor.close()
    attempt(cursor.execute, "SELECT 1")
    attempt(cursor.fetchone)
    cursor = connection.cursor()
    named = connection.cursor("named")
    connection.close()
    attempt(cursor.execute, "SELECT 1")
    attempt(named.execute, "SELECT 1")
    attempt(connection.cursor)
    attempt(connection.commit)
    attempt(connection.poll)
    print(connection.closed, repr(connection.closed), cursor.closed)
