"""Types and adapters registered for everything, a connection or a cursor."""

import ipaddress
import json
import uuid
from decimal import Decimal
from typing import Any

import psycopg2
from psycopg2 import extensions, extras

OPERATIONS = {("SELECT", None): 5 + 2 + 7 + 5, ("CREATE", None): 2}


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y


class NoticedCursor(extensions.cursor):
    """Which says when it is asked."""

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - as psycopg2 calls it
        print("asked", type(query).__name__)
        super().execute(query, vars)


def run(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    cursor = connection.cursor()
    of_types(connection, cursor)
    of_adapters(connection, cursor)
    of_extras(connection, cursor)
    connection.close()


def of_types(connection: Any, cursor: Any) -> None:
    """5 selects."""
    number = extensions.new_type((23,), "number", lambda value, cur: (value, type(cur).__qualname__))
    numbers = extensions.new_array_type((1007,), "numbers", number)
    for scope in (cursor, connection, None):
        extensions.register_type(number, scope)
        extensions.register_type(numbers, scope)
        with connection.cursor() as other:
            other.execute("SELECT 1, ARRAY[1, 2]")
            print(other.fetchall())
    cursor.execute("SELECT 1, 2.5, now()::date = current_date, 'text', NULL, '\\x00'::bytea")
    print([type(value).__name__ for value in cursor.fetchone()], cursor.description[0].name, list(cursor.string_types))
    extensions.register_type(extensions.INTEGER)
    extensions.register_type(extensions.INTEGERARRAY)
    extensions.register_type(extensions.UNICODE, cursor)
    with connection.cursor(cursor_factory=NoticedCursor) as other:
        other.execute("SELECT 1")
        print(other.fetchall())


def of_adapters(connection: Any, cursor: Any) -> None:
    """2 selects."""
    extensions.register_adapter(Point, lambda point: extensions.AsIs(f"'({point.x}, {point.y})'"))
    cursor.execute("SELECT %s::point, %s, %s", (Point(1, 2), Decimal("1.5"), [1, 2]))
    print(cursor.fetchone(), cursor.query)
    print(cursor.mogrify("%s %s", (Point(3, 4), b"bytes")), extensions.quote_ident('a"b', connection))
    print(extensions.quote_ident("a b", cursor), psycopg2.Binary(b"x"), extensions.adapt("it's").getquoted())
    cursor.execute("SELECT %(a)s", {"a": ("x", None)})
    print(cursor.fetchone())


def of_extras(connection: Any, cursor: Any) -> None:
    """2 creates and 7 selects; psycopg2 makes 5 more to look types up, two of them for the range."""
    cursor.execute("CREATE TYPE pair AS (a integer, b text)")
    print(extras.register_composite("pair", cursor).name)
    cursor.execute("CREATE EXTENSION hstore")
    extras.register_hstore(connection)
    extras.register_uuid(conn_or_curs=cursor)
    extras.register_inet(conn_or_curs=connection)
    extras.register_ipaddress(connection)
    extras.register_json(connection, loads=lambda text: ("loaded", json.loads(text)))
    extras.register_default_jsonb(connection, loads=lambda text: ("binary", json.loads(text)))
    extras.register_range("numrange", "Numbers", connection)
    for statement, values in (
        ("SELECT '(1,x)'::pair", ()),
        ("SELECT %s::hstore", ({"a": "b"},)),
        ("SELECT %s", (uuid.UUID(int=1),)),
        ("SELECT %s::inet", (ipaddress.ip_interface("127.0.0.1/8"),)),
        ("SELECT %s::json, %s::jsonb", (extras.Json({"a": 1}), extras.Json([1]))),
        ("SELECT '[1,2)'::numrange", ()),
        ("SELECT %s", (extras.NumericRange(1, 2),)),
    ):
        cursor.execute(statement, values)
        print(cursor.fetchone())
