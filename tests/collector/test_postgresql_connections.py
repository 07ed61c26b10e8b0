"""Connections of an instance are all that it has, against what is left after the reserved ones; exhausted is said."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psycopg2
import pytest

from tests.collector.scraping import Scraping, scraping
from tests.postgres import Postgres, start_postgres
from tests.waiting import wait_until

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
SCRIPT = Path(__file__).parents[2] / "company/databases/mes.sql"
MAXIMUM, RESERVED = 60, 3


@pytest.fixture
def server() -> Iterator[Postgres]:
    with start_postgres({"max_connections": str(MAXIMUM)}) as server:
        server.create_database("mes", SCRIPT, {"monitoring": PASSWORD, "mes_api": PASSWORD})
        server.execute("CREATE DATABASE other", database="postgres")
        yield server


def connections(seen: Scraping) -> float:
    return sum(seen.values("postgresql.backends").values())


def take_all(stack: ExitStack, server: Postgres) -> None:
    """Connect until the server refuses."""
    with suppress(psycopg2.OperationalError):
        for _ in range(MAXIMUM):
            stack.enter_context(closing(server.connect("other", "mes_api", PASSWORD)))


def endpoint(server: Postgres) -> str:
    return f"{server.host}:{server.port}"


def test_connections_of_all_databases_count(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    """52 of 57: of the database that the service uses there are three."""
    settings = {"endpoint": endpoint(server), "password": PASSWORD}
    with ExitStack() as stack, scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
        for _ in range(3):
            stack.enter_context(closing(server.connect("mes", "mes_api", PASSWORD)))
        for _ in range(48):
            stack.enter_context(closing(server.connect("other", "mes_api", PASSWORD)))
        seen.wait_for("postgresql.backends", {("mes",): 3, ("other",): 48, ("postgres",): 1})
        assert seen.values("postgresql.connection.max") == {(): MAXIMUM}
        assert seen.values("postgresql.connection.reserved") == {(): RESERVED}


def takes_one_more(stack: ExitStack, server: Postgres) -> bool:
    """Take a connection, if there is one: the server lets go of one a moment after its client has ended."""
    try:
        stack.enter_context(closing(server.connect("other", "mes_api", PASSWORD)))
    except psycopg2.OperationalError:
        return False
    return True


def test_exhausted_is_seen_from_within_and_said_from_without(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    """The agent keeps its connection. One that starts later cannot get in: that is a reason, and no number."""
    settings = {"endpoint": endpoint(server), "password": PASSWORD}
    with ExitStack() as stack:
        with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
            seen.wait_for("reduse.postgresql.up", {(): 1})
            take_all(stack, server)
            seen.next()
            assert connections(seen) == MAXIMUM - RESERVED
        wait_until(lambda: takes_one_more(stack, server), "the connection that the agent had")
        with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
            seen.wait_for("reduse.postgresql.up", {("exhausted",): 0})
            assert {point.name for point in seen.next()} == {"reduse.postgresql.up"}
            assert seen.log.count("reading mes-db") == 1
            stack.close()
            seen.wait_for("reduse.postgresql.up", {(): 1})
            assert seen.ended("reduse.postgresql.up") == {("exhausted",)}
            assert connections(seen) >= 1
            assert "works again" in seen.log


def test_after_a_restart_of_the_instance_it_is_read_again(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=endpoint(server), password=PASSWORD) as seen:
        seen.wait_for("reduse.postgresql.up", {(): 1})
        server.stop()
        seen.wait_for("reduse.postgresql.up", {("unreachable",): 0})
        server.start()
        seen.wait_for("reduse.postgresql.up", {(): 1})
        # A restart between two scrapes is not even seen.
        scrapes = len(seen.scrapes())
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reduse-monitoring'",
            database="postgres",
        )
        seen.next()
        assert {point.value for each in seen.scrapes()[scrapes:] for point in each if point.name.endswith(".up")} == {1}
