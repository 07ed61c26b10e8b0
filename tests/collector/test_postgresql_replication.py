"""How far a standby is behind: as its primary sees it, and as it sees itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.scraping import Scraping, scraping
from tests.postgres import Postgres, start_postgres, start_standby
from tests.waiting import wait_until

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
SCRIPT = Path(__file__).parents[2] / "company/databases/mes.sql"
SEEN_BY_PRIMARY, SEEN_BY_ITSELF = "postgresql.wal.delay", "reduse.postgresql.standby.delay"
OF_STANDBY = ("replay", "standby-a")


@pytest.fixture
def primary() -> Iterator[Postgres]:
    with start_postgres() as server:
        server.create_database("mes", SCRIPT, {"monitoring": PASSWORD})
        yield server


@pytest.fixture
def standby(primary: Postgres) -> Iterator[Postgres]:
    with start_standby(primary, "standby-a") as server:
        yield server


def write(primary: Postgres) -> None:
    primary.execute("CREATE TABLE IF NOT EXISTS written (at timestamptz)", database="mes")
    primary.execute("INSERT INTO written VALUES (now())", database="mes")


def settings(server: Postgres) -> dict[str, str]:
    return {"endpoint": f"{server.host}:{server.port}", "password": PASSWORD}


def wait_for_more_than(seen: Scraping, name: str, labels: tuple[str, ...], seconds: float) -> None:
    wait_until(lambda: seen.values(name).get(labels, 0) > seconds, f"{name} above {seconds} s")


def caught_up(seen: Scraping, primary: Postgres) -> bool:
    write(primary)
    return seen.values(SEEN_BY_PRIMARY).get(OF_STANDBY, 9) < 1


def test_a_primary_sees_each_standby_by_its_name_and_how_far_it_is(
    otelcol: Path, tmp_path: Path, primary: Postgres, standby: Postgres
) -> None:
    with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings(primary)) as seen:
        wait_until(lambda: caught_up(seen, primary), "the standby seen, and close behind")
        standby.execute("SELECT pg_wal_replay_pause()", database="postgres")
        write(primary)
        wait_for_more_than(seen, SEEN_BY_PRIMARY, OF_STANDBY, 2)
        assert SEEN_BY_ITSELF not in {point.name for point in seen.newest()}
        standby.execute("SELECT pg_wal_replay_resume()", database="postgres")
        # What is measured when it goes on is how long the oldest of it took; then what comes next.
        wait_until(lambda: caught_up(seen, primary), "it caught up")
        standby.stop()
        wait_until(lambda: OF_STANDBY in seen.ended(SEEN_BY_PRIMARY), "the end of a standby that left")
        assert seen.values("reduse.postgresql.up") == {(): 1}


def test_a_standby_is_behind_only_while_it_has_not_replayed_all_that_there_is(
    otelcol: Path, tmp_path: Path, primary: Postgres, standby: Postgres
) -> None:
    write(primary)
    with scraping(otelcol, tmp_path, "postgresql/mes-db", **settings(standby)) as seen:
        # Also when nothing has been written for longer than a scrape.
        seen.wait_for(SEEN_BY_ITSELF, {(): 0})
        seen.next()
        seen.next()
        assert seen.values(SEEN_BY_ITSELF) == {(): 0}
        standby.execute("SELECT pg_wal_replay_pause()", database="postgres")
        write(primary)
        wait_for_more_than(seen, SEEN_BY_ITSELF, (), 2)
        standby.execute("SELECT pg_wal_replay_resume()", database="postgres")
        seen.wait_for(SEEN_BY_ITSELF, {(): 0})
        # All that it received is replayed, and yet it does not know what there is.
        primary.stop()
        wait_for_more_than(seen, SEEN_BY_ITSELF, (), 2)
        assert seen.values(SEEN_BY_ITSELF)[()] < 60
        assert SEEN_BY_PRIMARY not in {point.name for point in seen.newest()}
        assert seen.values("reduse.postgresql.up") == {(): 1}
