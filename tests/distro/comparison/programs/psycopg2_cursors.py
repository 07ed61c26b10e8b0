"""Cursors of the server, iteration, results in parts, and what else a cursor does."""

from typing import Any

import psycopg2
from psycopg2 import extras

OPERATIONS = {
    ("SELECT", None): 9,
    ("SELECT", "psycopg2.ProgrammingError"): 2,
    ("INSERT", None): 1,
    ("DECLARE", None): 1,
    ("FETCH", None): 1,
    ("VALUES", None): 1,
}


def run(dsn: str) -> None:
    with psycopg2.connect(dsn) as connection:
        of_server(connection)
        of_client(connection)
    print(connection.closed)
    connection.close()


def of_server(connection: Any) -> None:
    """6 selects, a declare and a fetch; two that a cursor of the server refuses."""
    for factory in (None, extras.DictCursor, extras.RealDictCursor, extras.NamedTupleCursor):
        with connection.cursor("numbers", cursor_factory=factory) as cursor:
            cursor.itersize = 2
            cursor.execute("SELECT generate_series(1, 5) AS a")
            print(repr(cursor.name), cursor.rowcount, cursor.fetchone(), cursor.fetchmany(2), list(cursor))
    with connection.cursor("scrolled", scrollable=True) as cursor:
        cursor.execute("SELECT generate_series(1, 5)")
        cursor.scroll(3)
        print(cursor.fetchone(), cursor.rownumber)
        cursor.scroll(0, mode="absolute")
        print(cursor.fetchall(), cursor.scrollable, cursor.withhold)
        try:
            cursor.execute("SELECT 1")
        except psycopg2.ProgrammingError as error:
            print(repr(error))
        try:
            cursor.executemany("SELECT 1", [()])
        except psycopg2.ProgrammingError as error:
            print(repr(error))
    held = connection.cursor("held", withhold=True)
    held.execute("SELECT generate_series(1, 3)")
    connection.commit()
    print(held.fetchall())
    held.close()
    cursor = connection.cursor()
    cursor.execute("DECLARE own CURSOR FOR SELECT generate_series(1, 3)")
    cursor.execute("FETCH 2 FROM own")
    print(cursor.fetchall())


def of_client(connection: Any) -> None:
    """3 selects, an insert and values."""
    cursor = connection.cursor()
    cursor.arraysize = 2
    cursor.execute("SELECT generate_series(1, 5)")
    print(next(cursor), cursor.fetchmany(), cursor.rownumber, [row for (row,) in cursor], cursor.fetchone())
    cursor.scroll(-1)
    print(cursor.fetchone(), cursor.lastrowid, cursor.closed, cursor.nextset.__name__)
    try:
        cursor.nextset()
    except psycopg2.NotSupportedError as error:
        print(repr(error))
    print(cursor.setinputsizes(1), cursor.setoutputsize(1), cursor.tzinfo_factory, cursor.row_factory)
    cursor.row_factory = None
    with cursor as same:
        same.execute("INSERT INTO things VALUES (1) RETURNING a")
        print(same.fetchone(), same is cursor, same.description)
    print(cursor.closed)
    with connection.cursor() as cursor:
        cursor.execute("VALUES (1)")
        cursor.execute("SELECT a FROM things")
        print(cursor.fetchall(), cursor.pgresult_ptr is not None)
        cursor.execute("SELECT 1 WHERE false")
        print(cursor.fetchone(), cursor.rowcount)
