"""An instance that cannot be read says why, and gives no number that it does not know."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.collector.scraping import scraping
from tests.ports import free_port
from tests.postgres import Postgres, start_postgres

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
SCRIPT = Path(__file__).parents[2] / "company/databases/mes.sql"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with start_postgres() as server:
        server.create_database("mes", SCRIPT, {"monitoring": PASSWORD})
        server.execute(f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'", database="postgres")
        server.execute(
            f"CREATE ROLE limited LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 0 IN ROLE pg_monitor",
            database="postgres",
        )
        yield server


@pytest.mark.parametrize(
    ("reason", "settings"),
    [
        ("authentication", {"password": "wrong"}),
        ("authentication", {"username": "nobody"}),
        ("no_database", {"database": "nowhere"}),
        ("permission", {"username": "stranger", "database": "mes"}),
        ("role_limit", {"username": "limited"}),
        ("tls", {"tls": {"insecure": False}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_refusal_has_its_reason(
    otelcol: Path, tmp_path: Path, server: Postgres, reason: str, settings: dict[str, object]
) -> None:
    settings = {"endpoint": f"{server.host}:{server.port}", "password": PASSWORD} | settings
    with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
        seen.wait_for("reduse.postgresql.up", {(reason,): 0})
        assert {point.name for point in seen.next()} == {"reduse.postgresql.up"}
        assert PASSWORD not in seen.log


def test_without_the_right_to_see_others_sessions_connections_are_not_told(
    otelcol: Path, tmp_path: Path, server: Postgres
) -> None:
    """They would be those of the role itself."""
    settings = {"endpoint": f"{server.host}:{server.port}", "password": PASSWORD, "username": "stranger"}
    with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
        seen.wait_for("reduse.postgresql.up", {("permission",): 0})
        assert seen.values("postgresql.backends") == {}
        assert seen.values("postgresql.connection.max") == {(): 100}
        assert "GRANT pg_monitor" in seen.log


def test_nobody_there_is_unreachable(otelcol: Path, tmp_path: Path) -> None:
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=f"127.0.0.1:{free_port()}", password="x") as seen:
        seen.wait_for("reduse.postgresql.up", {("unreachable",): 0})


def test_no_answer_is_a_timeout(otelcol: Path, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = {"endpoint": endpoint, "password": "x", "timeout": "500ms"}
        with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
            seen.wait_for("reduse.postgresql.up", {("timeout",): 0})
