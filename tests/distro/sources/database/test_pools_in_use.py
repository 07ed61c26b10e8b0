"""The pools of psycopg_pool, asyncpg and SQLAlchemy are read as psycopg2's are, beside a real server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.distro.service import ROOT
from tests.postgres import PASSWORD, SUPERUSER, Postgres, start_postgres

pytestmark = pytest.mark.server

Readings = dict[str, dict[str, dict[str, int]]]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with start_postgres() as started:
        for name in ("one", "two", "three", "four", "five", "six"):
            started.execute(f"CREATE DATABASE {name}", database=SUPERUSER)
        yield started


@pytest.fixture(scope="module")
def output(server: Postgres) -> str:
    dsn = f"host={server.host} port={server.port} user={SUPERUSER} password={PASSWORD}"
    command = [sys.executable, "-m", "tests.distro.sources.database.pools_in_use", dsn]
    path = os.pathsep.join([str(ROOT / "otel"), str(ROOT)])
    process = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout


@pytest.mark.parametrize(
    ("moment", "database", "values"),
    [
        ("psycopg: two of two", "one", (0, 2, 3, 0, 0)),
        ("psycopg: exhausted", "one", (0, 3, 3, 0, 1)),
        ("psycopg: one waits", "one", (0, 3, 3, 1, 1)),
        ("psycopg: closed", "one", (0, 0, 0, 0, 1)),
        ("psycopg: null", "six", (0, 1, None, 0, 0)),
        ("psycopg async: exhausted", "two", (0, 1, 1, 0, 1)),
        ("asyncpg: exhausted", "three", (0, 2, 2, 0, 1)),
        ("asyncpg: gone", "three", (0, 0, 0, 0, 1)),
        ("sqlalchemy: exhausted", "four", (0, 3, 3, 0, 1)),
        ("sqlalchemy: idle", "four", (2, 0, 3, 0, 1)),
        ("sqlalchemy: its next pool", "four", (0, 1, 3, 0, 1)),
        ("sqlalchemy: null", "five", (0, 2, None, 0, 0)),
        ("sqlalchemy: null, given back", "five", (0, 0, None, 0, 0)),
    ],
)
def test_a_pool_is_read(
    output: str, server: Postgres, moment: str, database: str, values: tuple[int | None, ...]
) -> None:
    readings = dict(json.loads(line) for line in output.splitlines())[moment][f"{server.host}:{server.port}/{database}"]
    names = ("idle", "used", "max", "pending_requests", "timeouts")
    assert tuple(readings.get(name) for name in names) == values


def test_a_pool_of_another_database_has_a_name_too(output: str) -> None:
    readings = dict(json.loads(line) for line in output.splitlines())["sqlalchemy: another database"]
    assert readings["sqlite/:memory:"]["used"] == 1
    assert "max" not in readings["sqlite/:memory:"], "without a bound there is no greatest number"


def test_no_name_holds_a_user_or_a_secret(output: str) -> None:
    assert PASSWORD not in output
    assert f"{SUPERUSER}@" not in output
