"""Every way to hand a statement over."""

import io
from typing import Any

import psycopg2
from psycopg2 import extras, sql
from psycopg2.sql import SQL, Identifier, Literal

OPERATIONS = {
    ("SELECT", None): 13,
    ("INSERT", None): 9,
    ("UPDATE", None): 1,
    ("DELETE", None): 2,
    ("COPY", None): 5,
    ("CALL", None): 2,
    ("SHOW", None): 1,
    ("PREPARE", None): 1,
    ("EXECUTE", None): 1,
    ("DEALLOCATE", None): 1,
    ("_OTHER", "42601"): 1,
    (None, "psycopg2.ProgrammingError"): 2,
}


class Text(str):
    __slots__ = ()


def run(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        selects(cursor)
        others(cursor)
        many(cursor)
        copies(cursor)
        procedures(cursor)
        nothing(cursor)
    connection.close()


def selects(cursor: Any) -> None:
    """13 selects, two of them of several statements."""
    for statement in (
        "SELECT 1",
        "select 1",
        b"SELECT 1",
        Text("SELECT 1"),
        SQL("SELECT 1"),
        SQL("SELECT {}").format(Literal(1)),
        SQL("{} 1").format(SQL("SELECT")),
        sql.Composed([SQL(" "), SQL("SELECT"), SQL(" 1")]),
        "-- a note\nSELECT 1",
        "/* a /* nested */ note */ (SELECT 1)",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT 2; SELECT 1",
    ):
        cursor.execute(statement)
        print(cursor.fetchall(), cursor.rowcount, cursor.statusmessage)
    cursor.execute(query="SELECT %(a)s", vars={"a": 1})
    print(cursor.fetchall(), cursor.query)


def others(cursor: Any) -> None:
    """1 each of insert, update, show, prepare, execute and deallocate; 2 deletes."""
    for statement in (
        SQL("INSERT INTO {} VALUES (1), (2)").format(Identifier("things")),
        "WITH x AS (SELECT ')' AS a) UPDATE things SET a = 3 WHERE a = 2",
        b"-- a note\r\nDELETE FROM things",
        "with x as (delete from things returning a) delete from things",
        "show server_encoding",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE p",
    ):
        cursor.execute(statement)
        print(cursor.rowcount, cursor.statusmessage)


def many(cursor: Any) -> None:
    """8 inserts: each page and each batch is one."""
    cursor.executemany("INSERT INTO things VALUES (%s)", [(1,), (2,), (3,)])
    cursor.executemany(query=SQL("INSERT INTO things VALUES (%(a)s)"), vars_list=[{"a": 1}])
    extras.execute_values(cursor, "INSERT INTO things VALUES %s", [(number,) for number in range(5)], page_size=2)
    extras.execute_batch(cursor, "INSERT INTO things VALUES (%s)", [(1,), (2,)])
    extras.execute_batch(cursor, b"INSERT INTO things VALUES (%s)", [(1,)])
    print(
        extras.execute_values(
            cursor, SQL("INSERT INTO {} VALUES %s RETURNING a").format(Identifier("things")), [(1,)], fetch=True
        )
    )


def copies(cursor: Any) -> None:
    """5 copies."""
    out = io.StringIO()
    cursor.copy_expert("COPY (SELECT 1) TO STDOUT", out)
    cursor.copy_expert(sql=SQL("COPY things FROM STDIN"), file=io.StringIO("7\n8\n"), size=10)
    cursor.copy_from(io.StringIO("9\n"), "things", columns=("a",))
    cursor.copy_from(file=io.StringIO("9\n"), table="things")
    cursor.copy_to(out, "things", sep="|", null="")
    print(out.getvalue(), cursor.rowcount)


def procedures(cursor: Any) -> None:
    """2 calls."""
    print(cursor.callproc("abs", (-1,)), cursor.fetchall())
    print(cursor.callproc("now") is None, len(cursor.fetchall()))


def nothing(cursor: Any) -> None:
    """Two without anything in them, and one without sense."""
    for statement in ("", "-- only a note", "SELEC 1"):
        try:
            cursor.execute(statement)
        except psycopg2.ProgrammingError as error:
            print(repr(error), error.pgcode)
