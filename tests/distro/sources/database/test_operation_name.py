"""However a statement is written and handed over, its operation is one of a known few, and the right one."""

import psycopg2.sql
import pytest
from psycopg2.sql import SQL, Composable, Identifier, Literal

from reduse.distro.sources.database.operation_name import (
    COMMANDS,
    MOST_CHARACTERS,
    MOST_REMEMBERED,
    OTHER,
    _remembered,
    operation_name,
)

CTE = "WITH x AS (SELECT ')' AS a), y (b) AS NOT MATERIALIZED (DELETE FROM t RETURNING 1) "


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT 1", "SELECT"),
        ("select\n1", "SELECT"),
        ("ROLLBACK;", "ROLLBACK"),
        ("SELECT('secret')", "SELECT"),
        ("SELEC 1", OTHER),
        ("'secret'", OTHER),
        ("SELECTED", OTHER),
        ("-- a note\nSELECT 1", "SELECT"),
        ("-- a note\r\n  -- another\n/* and */ UPDATE t SET a = 1", "UPDATE"),
        ("/* nested /* select */ update */DELETE FROM t", "DELETE"),
        ("((SELECT 1)) UNION SELECT 2", "SELECT"),
        (" \t\n;; insert into t values (1)", "INSERT"),
        ("/* open", None),
        ("-- only a note", None),
        ("", None),
        (" ;\n", None),
        ("SELECT 1; DROP TABLE t", "SELECT"),
        ("COPY t FROM STDIN", "COPY"),
        ("explain analyze select 1", "EXPLAIN"),
        (f"{CTE} INSERT INTO t SELECT 1", "INSERT"),
        (f"{CTE} select 1", "SELECT"),
        (f"{CTE} /* delete ( */ -- insert\n MERGE INTO t", "MERGE"),
        ('with recursive "select" as (values ($$insert)$$)) update t set a = 1', "UPDATE"),
        ("with x", "WITH"),
        ("WITH x AS (SELECT 'beyond what is looked at" + "a" * MOST_CHARACTERS, "WITH"),
        (b"-- a note\nINSERT INTO t VALUES (1)", "INSERT"),
        (bytearray(b"select 1"), "SELECT"),
        (b"\xff\xfe", OTHER),
        (b"", None),
        (SQL("select 1"), "SELECT"),
        (SQL("insert into {} values ({})").format(Identifier("t"), Literal(1)), "INSERT"),
        (SQL("{} {}").format(SQL("-- a note\n"), SQL("delete from {}").format(Identifier("t"))), "DELETE"),
        (SQL(" ").join([SQL("up"), SQL("date")]), OTHER),
        (psycopg2.sql.Composed([]), None),
        (Identifier("select"), OTHER),
        (None, OTHER),
        (7, OTHER),
    ],
)
def test_a_statement_is_named_by_its_command(statement: object, name: str | None) -> None:
    for _ in range(2):
        assert operation_name(statement) == name


def test_a_subclass_of_text_is_text() -> None:
    class Safe(str):
        __slots__ = ()

    assert operation_name(Safe("select 1")) == "SELECT"


def test_what_is_none_of_the_librarys_own_is_not_asked_for_its_text() -> None:
    """It could do anything."""

    class Own(Composable):
        def as_string(self, context: object) -> str:  # noqa: ARG002 - the signature of the library
            raise AssertionError

    assert operation_name(Own("x")) == OTHER


def test_the_commands_are_few() -> None:
    assert len(COMMANDS) < 100


def test_few_statements_are_remembered_and_of_a_long_one_only_its_beginning() -> None:
    for number in range(3 * MOST_REMEMBERED):
        assert operation_name(f"select {number}") == "SELECT"
    operation_name("insert " + "x" * 1_000_000)
    operation_name(b"insert " + b"x" * 1_000_000)
    assert len(_remembered) <= MOST_REMEMBERED
    assert max(len(beginning) for beginning in _remembered) == MOST_CHARACTERS


@pytest.mark.parametrize("unit", ["/*", "(", "'", '"', "$$", "$a$", "--", "with ", "*/", "\n", "a$"])
def test_a_statement_that_is_made_to_be_slow_is_named_too(unit: str) -> None:
    """Without an end the time limit of tests would strike."""
    for before in ("", "with ", "/*", "with x as ("):
        assert operation_name(before + unit * MOST_CHARACTERS) in {None, OTHER, "WITH"}
