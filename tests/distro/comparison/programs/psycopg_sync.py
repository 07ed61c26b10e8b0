"""psycopg, synchronous: every way to execute, every kind of cursor."""

import inspect
import traceback
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row

OPERATIONS = {
    ("SELECT", None): 10 + 11 + 5 + 6,
    ("INSERT", None): 4 + 3,
    ("COPY", None): 3,
    ("COPY", "ZeroDivisionError"): 1,
    ("COPY", "22P02"): 1,
    ("COPY", "42601"): 1,
    ("SELECT", "42703"): 4,
    ("SELECT", "22012"): 1,
    ("SELECT", "KeyError"): 1,
    ("SELECT", "psycopg.ProgrammingError"): 2,
    ("SELECT", "TypeError"): 1,
    (None, None): 1,
    (None, "TypeError"): 1,
    ("_OTHER", "TypeError"): 1,
    ("_OTHER", "42601"): 1,
}


class OwnCursor(psycopg.Cursor):
    def execute(self, *args: Any, **kwargs: Any) -> Any:
        print("asked")
        return super().execute(*args, **kwargs)


class OwnConnection(psycopg.Connection):
    pass


class Row:
    def __init__(self, a: int) -> None:
        self.a = a

    def __repr__(self) -> str:
        return f"Row({self.a})"


def attempt(call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        print(call(*args, **kwargs))
    except Exception as error:
        traceback.print_exc()
        print(type(error).__module__, type(error).__qualname__, error.args, error.__cause__, error.__context__)
        print(getattr(error, "sqlstate", None))


def run(dsn: str) -> None:
    for kind in (psycopg, psycopg.Connection, OwnConnection):
        with kind.connect(dsn, autocommit=True) as connection:
            print(type(connection).__module__, type(connection).__qualname__, type(connection.cursor()))
    with psycopg.connect(dsn, autocommit=True) as connection:
        statements(connection)
        cursors(connection)
        piecemeal(connection)
        pipelines(connection)
        errors(connection)
        names(connection)
    attempt(connection.execute, "SELECT 1")


def statements(connection: Any) -> None:
    """10 selects, 4 inserts, one of nothing."""
    cursor = connection.cursor()
    for statement in (
        "SELECT 1",
        b"select 1",
        sql.SQL("SELECT {}").format(sql.Literal(1)),
        sql.SQL("{} 1").format(sql.SQL("SELECT")),
        "-- a note\n(SELECT 1)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "SELECT 1; SELECT 2",
    ):
        print(cursor.execute(statement) is cursor, cursor.fetchall(), cursor.rowcount, cursor.statusmessage)
    print(cursor.execute(query="SELECT %(a)s", params={"a": 1}, prepare=True).fetchone())
    print(connection.execute("SELECT %s", (1,), binary=True).fetchone())
    print(next(cursor.execute("SELECT generate_series(1, 3)")), list(cursor))
    cursor.execute("INSERT INTO things VALUES (%s)", [1])
    cursor.executemany("INSERT INTO things VALUES (%s)", [(2,), (3,)])
    cursor.executemany(query=b"INSERT INTO things VALUES (%s) RETURNING a", params_seq=[(4,)], returning=True)
    print(cursor.fetchall(), cursor.nextset())
    print(cursor.execute(sql.SQL("INSERT INTO {} VALUES (5)").format(sql.Identifier("things"))).rowcount)
    print(cursor.execute("").statusmessage)


def cursors(connection: Any) -> None:
    """6 selects of rows; 5 of other kinds of cursors."""
    for factory in (dict_row, namedtuple_row, scalar_row, class_row(Row)):
        with connection.cursor(row_factory=factory) as cursor:
            print(cursor.execute("SELECT 1 AS a").fetchall(), type(cursor).__qualname__)
    with psycopg.connect(connection.info.dsn, password=connection.info.password, row_factory=dict_row) as other:
        print(other.execute("SELECT 1 AS a").fetchone())
        other.cursor_factory = OwnCursor
        print(other.execute("SELECT 1 AS a").fetchone(), type(other.cursor()).__qualname__)
    with connection.transaction():
        with connection.cursor("named", scrollable=True) as cursor:
            cursor.itersize = 2
            print(cursor.execute("SELECT generate_series(1, 5)") is cursor, cursor.fetchone(), list(cursor))
            cursor.scroll(0, "absolute")
            print(cursor.fetchmany(2), type(cursor).__module__, type(cursor).__qualname__)
        with psycopg.RawServerCursor(connection, "raw") as cursor:
            print(cursor.execute("SELECT $1::int", (1,)).fetchall())
    for kind in (psycopg.ClientCursor, psycopg.RawCursor, OwnCursor):
        cursor = kind(connection)
        print(cursor.execute("SELECT 1 AS a").fetchall(), type(cursor).__qualname__)


def piecemeal(connection: Any) -> None:
    """5 selects; 3 that fail, at the beginning, in the middle and by the application; 3 copies, and 3 that fail."""
    cursor = connection.cursor()
    print(inspect.isgeneratorfunction(cursor.stream), inspect.isgenerator(cursor.stream("SELECT 1")))
    print(list(cursor.stream("SELECT generate_series(1, %s)", (3,))), cursor.rownumber)
    print(list(cursor.stream(query=b"SELECT 1", size=1)))
    for row in cursor.stream("SELECT generate_series(1, 1000000)"):
        print(row)
        break
    rows = cursor.stream("SELECT generate_series(1, 3)")
    print(next(rows))
    rows.close()
    attempt(list, cursor.stream("SELECT nothing"))
    attempt(list, cursor.stream("SELECT 1 / (3 - a) FROM generate_series(1, 5) AS a"))
    rows = cursor.stream("SELECT generate_series(1, 3)")
    next(rows)
    attempt(rows.throw, KeyError("thrown"))
    print(connection.info.transaction_status.name, cursor.execute("SELECT 1").fetchone())
    with cursor.copy("COPY (SELECT generate_series(1, 3)) TO STDOUT") as copy:
        print(type(copy).__qualname__, [bytes(part) for part in copy])
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier("things"))) as copy:
        for number in range(3):
            copy.write_row((number,))
    print(cursor.rowcount)
    with connection.cursor() as other, other.copy(statement="COPY things FROM STDIN", params=None) as copy:
        copy.write("7\n")
    manager = cursor.copy("COPY things FROM STDIN")
    print(type(manager).__module__, type(manager).__qualname__)
    attempt(copying, cursor, "COPY things FROM STDIN", lambda copy: 1 / 0)
    attempt(copying, cursor, "COPY things FROM STDIN", lambda copy: copy.write("no number\n"))
    attempt(copying, cursor, "COPY things FROM NOWHERE", lambda copy: None)


def copying(cursor: Any, statement: str, work: Callable[[Any], Any]) -> None:
    with cursor.copy(statement) as copy:
        work(copy)


def pipelines(connection: Any) -> None:
    """6 selects, and 3 inserts; one of the selects fails, when others do."""
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s", (number,)) for number in range(3)]
        connection.cursor().executemany("INSERT INTO things VALUES (%s)", [(1,), (2,)])
        print(type(pipeline).__qualname__, [cursor.fetchone() for cursor in cursors])
    with connection.pipeline():
        connection.execute("INSERT INTO things VALUES (1)")
        connection.execute("INSERT INTO things VALUES (2)")
    attempt(failing_pipeline, connection)
    print(connection.execute("SELECT count(*) > 3 FROM things").fetchone())


def failing_pipeline(connection: Any) -> None:
    with connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute("SELECT nothing")


def errors(connection: Any) -> None:
    cursor = connection.cursor()
    attempt(cursor.execute, "SELECT nothing")
    attempt(connection.execute, "SELECT nothing")
    attempt(cursor.executemany, "SELECT nothing", [(), ()])
    attempt(cursor.execute, "SELEC 1")
    attempt(cursor.execute)
    attempt(cursor.execute, 7)
    attempt(cursor.execute, "SELECT %s", (1, 2))
    attempt(cursor.execute, "SELECT %s", (object(),))
    attempt(cursor.execute, "SELECT 1", no_such_argument=1)
    attempt(cursor.fetchone)
    attempt(connection.cursor, "named", no_such_argument=1)


def names(connection: Any) -> None:
    for kind in (psycopg.Cursor, psycopg.ServerCursor, psycopg.AsyncCursor):
        for name in ("execute", "executemany", "stream", "copy"):
            method = getattr(kind, name)
            print(kind, name, method.__qualname__, inspect.signature(method), bool(method.__doc__))
            print(inspect.iscoroutinefunction(method), inspect.isasyncgenfunction(method))
    print(psycopg.connect, psycopg.Connection.connect.__qualname__, repr(connection.cursor())[:18])
    print(sorted(name for name in dir(connection.cursor()) if not name.startswith("__")))
