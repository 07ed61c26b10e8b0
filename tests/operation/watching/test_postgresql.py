"""Each fault of a real PostgreSQL is found, with its reason and the cure."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reduse.operation.watching import addresses, connecting, postgresql
from reduse.operation.watching.discovery import Found, of_instance
from reduse.operation.watching.finding import Finding, State, is_well
from reduse.operation.watching.lookup import Lookup
from reduse.operation.watching.writing import document
from reduse.watch.stores import Database
from tests.ports import free_port
from tests.postgres import Postgres, start_postgres

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with start_postgres() as server:
        for statement in (
            f"CREATE ROLE monitoring LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor",
            f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE ROLE limited LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 0 IN ROLE pg_monitor",
            f"CREATE ROLE single LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 1 IN ROLE pg_monitor",
            f"CREATE ROLE blind LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor",
            "ALTER ROLE blind SET track_counts = off",
            "CREATE DATABASE orders",
            'CREATE DATABASE "Odd ""Name"""',
        ):
            server.execute(statement, database="postgres")
        yield server


def found(server: Postgres | str, folder: Path, **changed: object) -> list[Finding]:
    (folder / "password").write_text(f"{changed.pop('password', PASSWORD)}\n")
    (folder / "password").chmod(0o600)
    endpoint = server if isinstance(server, str) else f"{server.host}:{server.port}"
    entry = {"name": "orders-db", "endpoint": endpoint, "password_file": "password", **changed}
    return list(postgresql.check(Database.model_validate(entry), Lookup(folder, {})))


def missing(findings: list[Finding]) -> tuple[str, str, str]:
    """Reason, what is told and the cure of the one thing that is missing."""
    (finding,) = [each for each in findings if each.state is State.MISSING]
    assert PASSWORD not in str(findings)
    return finding.reason, finding.told, finding.cure


def test_a_role_with_its_rights_is_well(server: Postgres, tmp_path: Path) -> None:
    findings = found(server, tmp_path, databases=["orders", 'Odd "Name"'])
    assert is_well(findings)
    assert findings[-1].told.startswith("PostgreSQL 15")


def test_a_first_file_lists_the_databases_that_there_are(server: Postgres, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "orders-db").write_text(PASSWORD)
    (tmp_path / "secrets" / "orders-db").chmod(0o600)
    entry = addresses.database(f"orders-db={server.host}:{server.port}", ())
    instance = of_instance(entry, Lookup(tmp_path, {}))
    assert (list(instance.databases), list(instance.missing)) == (['Odd "Name"', "orders", "postgres"], [])
    assert 'databases: [Odd "Name", orders, postgres]' in document(Found("x", databases=[instance]), "schema")


def test_a_wrong_password_is_said(server: Postgres, tmp_path: Path) -> None:
    reason, told, _ = missing(found(server, tmp_path, password="wrong"))
    assert (reason, told) == (
        "authentication",
        'the password of role "monitoring" is wrong, or there is no such role',
    )


def test_a_role_that_is_not_there_is_said(server: Postgres, tmp_path: Path) -> None:
    reason, _, cure = missing(found(server, tmp_path, username="nobody"))
    assert reason == "authentication"
    assert "IN ROLE pg_monitor" in cure


def test_a_role_without_pg_monitor_is_said(server: Postgres, tmp_path: Path) -> None:
    reason, told, cure = missing(found(server, tmp_path, username="stranger"))
    assert (reason, cure) == ("permission", '`GRANT pg_monitor TO "stranger"`')
    assert "may not see the sessions of other roles" in told


def test_a_role_that_may_not_connect_is_said(server: Postgres, tmp_path: Path) -> None:
    server.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC", database="orders")
    try:
        reason, _, cure = missing(found(server, tmp_path))
    finally:
        server.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC", database="orders")
    assert (reason, cure) == ("permission", '`GRANT CONNECT ON DATABASE postgres TO "monitoring"`')


def test_a_database_that_is_not_there_is_said_with_the_nearest(server: Postgres, tmp_path: Path) -> None:
    reason, told, cure = missing(found(server, tmp_path, databases=["orders", "order"]))
    assert (reason, told, cure) == (
        "no_database",
        'the database "order" does not exist there',
        'did you mean "orders"?',
    )


def test_a_reached_limit_of_the_role_is_said(server: Postgres, tmp_path: Path) -> None:
    reason, _, cure = missing(found(server, tmp_path, username="limited"))
    assert (reason, cure) == ("role_limit", '`ALTER ROLE "limited" CONNECTION LIMIT 3`')


def test_a_limit_that_leaves_one_connection_is_said(server: Postgres, tmp_path: Path) -> None:
    _, told, _ = missing(found(server, tmp_path, username="single"))
    assert "one connection only" in told


def test_statistics_that_are_off_are_said(server: Postgres, tmp_path: Path) -> None:
    server.execute("GRANT SET ON PARAMETER track_counts TO blind", database="postgres")
    _, told, cure = missing(found(server, tmp_path, username="blind"))
    assert told.startswith("track_counts is off")
    assert "ALTER SYSTEM" in cure


def test_a_server_without_tls_is_said(server: Postgres, tmp_path: Path) -> None:
    reason, _, _ = missing(found(server, tmp_path, tls={}))
    assert reason == "tls"


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    port = free_port()
    reason, told, _ = missing(found(f"127.0.0.1:{port}", tmp_path))
    assert (reason, told) == ("unreachable", f"nothing listens at 127.0.0.1:{port}")


def test_no_answer_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "TIMEOUT_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        reason, _, _ = missing(found(f"127.0.0.1:{silent.getsockname()[1]}", tmp_path))
    assert reason == "timeout"


def test_a_host_that_is_not_known_is_unreachable(tmp_path: Path) -> None:
    reason, _, _ = missing(found("nowhere.invalid:5432", tmp_path))
    assert reason == "unreachable"
