"""Every database of an instance is seen, whatever its name, over one connection to another one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from psycopg2 import sql

from tests.collector.scraping import labels, scraping, values
from tests.postgres import PASSWORD as POSTGRES_PASSWORD
from tests.postgres import SUPERUSER, Postgres, start_postgres

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
SCRIPT = Path(__file__).parents[2] / "company/databases/mes.sql"
ODD = ("Orders-Archive 2025", 'it\'s "quoted"', "Заказы", "x" * 63, "%s", "select", "{0}")


def create(server: Postgres, name: str) -> None:
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)), database="postgres")


def drop(server: Postgres, name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)), database="postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with start_postgres() as server:
        server.create_database("mes", SCRIPT, {"monitoring": PASSWORD})
        for name in ODD:
            create(server, name)
        yield server


def endpoint(server: Postgres) -> str:
    return f"{server.host}:{server.port}"


def test_a_database_of_any_name_has_its_numbers(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    expected = {(name,) for name in (*ODD, "mes", "postgres")}
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=endpoint(server), password=PASSWORD) as seen:
        points = seen.next()
    assert {(point.service, point.instance) for point in points} == {("mes-db", endpoint(server))}
    for name in (*("backends", "db_size", "commits", "rollbacks", "deadlocks", "blks_hit", "blks_read", "temp_files"),):
        assert values(points, f"postgresql.{name}").keys() == expected, name
    assert all(value > 1_000_000 for value in values(points, "postgresql.db_size").values())
    assert values(points, "reduse.postgresql.up") == {(): 1}
    assert values(points, "reduse.postgresql.databases.unmeasured") == {(): 0}


@pytest.mark.parametrize("encoding", ["WIN1252", "LATIN1", "SQL_ASCII"])
def test_a_name_in_another_encoding_than_that_of_the_agents_database_costs_nothing(
    otelcol: Path, tmp_path: Path, encoding: str
) -> None:
    """Names are of the instance, each in the encoding of the database in which somebody wrote it."""
    with start_postgres() as server:
        server.create_database("mes", SCRIPT, {"monitoring": PASSWORD})
        server.execute(f"CREATE DATABASE old ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0", database="postgres")
        create(server, "Архив")
        with closing(server.connect("old", SUPERUSER, POSTGRES_PASSWORD)) as connection:
            connection.autocommit = True
            connection.set_client_encoding("LATIN1" if encoding == "SQL_ASCII" else "UTF8")
            connection.cursor().execute('CREATE DATABASE "café" TEMPLATE template0')
        settings = {"endpoint": endpoint(server), "password": PASSWORD, "database": "old"}
        with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
            points = seen.next()
    assert values(points, "reduse.postgresql.up") == {(): 1}
    assert values(points, "postgresql.backends").keys() == {
        (name,) for name in ("mes", "postgres", "old", "Архив", r"caf\xe9")
    }


def test_one_connection_reads_them_all(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    """It names itself, its statements are bounded, and it is kept from scrape to scrape."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'reduse-monitoring'"
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=endpoint(server), password=PASSWORD) as seen:
        seen.next()
        first = server.execute(query, database="postgres")
        seen.next()
        assert server.execute(query, database="postgres") == first
        assert len(first) == 1


def test_a_database_that_is_dropped_costs_only_itself(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=endpoint(server), password=PASSWORD) as seen:
        seen.next()
        begun = len(seen.scrapes())
        while len(seen.scrapes()) < begun + 5:
            create(server, "brief")
            drop(server, "brief")
        points = seen.next()
        scrapes = seen.scrapes()[begun:]
    for each in scrapes:
        assert ("mes",) in values(each, "postgresql.db_size")
        assert values(each, "reduse.postgresql.up") == {(): 1}
    assert ("brief",) not in {labels(point) for point in points}


def test_the_series_of_a_dropped_database_end(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    create(server, "leaving")
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=endpoint(server), password=PASSWORD) as seen:
        assert ("leaving",) in values(seen.next(), "postgresql.backends")
        drop(server, "leaving")
        seen.next()
        assert seen.ended("postgresql.backends") == {("leaving",)}
        assert seen.ended("postgresql.db_size") == {("leaving",)}


def test_a_database_that_the_role_may_not_connect_to_is_seen(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    create(server, "closed")
    server.execute("REVOKE ALL ON DATABASE closed FROM PUBLIC", database="postgres")
    with scraping(otelcol, tmp_path, "postgresql/mes-db", endpoint=endpoint(server), password=PASSWORD) as seen:
        assert ("closed",) in values(seen.next(), "postgresql.db_size")
    drop(server, "closed")


def test_databases_beyond_the_bound_are_summed_and_counted(otelcol: Path, tmp_path: Path, server: Postgres) -> None:
    settings = {"endpoint": endpoint(server), "password": PASSWORD, "max_databases": 2}
    with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings) as seen:
        points = seen.next()
    others = ("(other databases)",)
    assert values(points, "postgresql.backends").keys() == {("mes",), ("postgres",), others}
    assert values(points, "reduse.postgresql.databases.summed") == {(): len(ODD)}
    # The sum of counters would fall when a database goes.
    assert others not in values(points, "postgresql.commits")
    [((size,),)] = [
        server.execute(
            "SELECT sum(pg_database_size(oid)) FROM pg_database"
            " WHERE NOT datistemplate AND datname NOT IN ('mes', 'postgres')",
            database="postgres",
        )
    ]
    assert values(points, "postgresql.db_size")[others] == size
