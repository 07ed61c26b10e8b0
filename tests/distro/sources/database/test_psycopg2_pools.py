"""psycopg2's own pool classes, over connections that go nowhere."""

import types
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import psycopg2
import psycopg2.pool
import pytest

from reduse.distro.base.source import SumMetric
from reduse.distro.sources.database.connection_pools import ConnectionPools, PoolReading
from reduse.distro.sources.database.pool_metrics import PoolMetrics
from reduse.distro.sources.database.psycopg2_pools import measure_pools, name_of, usage_of
from tests.waiting import wait_until

NAME = "db:5433/shop"
BOTH = pytest.mark.parametrize("kind", ["SimpleConnectionPool", "ThreadedConnectionPool"])


class Connection:
    """As much of a connection as a pool touches."""

    closed = 0
    info = types.SimpleNamespace(transaction_status=psycopg2.extensions.TRANSACTION_STATUS_IDLE)

    def close(self) -> None:
        self.closed = 1


class Connector:
    """Stands for `psycopg2.connect`; waits while `blocked`."""

    def __init__(self) -> None:
        self.go_on = Event()
        self.go_on.set()

    def __call__(self, *_args: Any, **_kwargs: Any) -> Connection:
        assert self.go_on.wait(10)
        return Connection()


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> Connector:
    connector = Connector()
    monkeypatch.setattr(psycopg2, "connect", connector)
    return connector


@pytest.fixture
def pools(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectionPools]:
    """psycopg2's classes are patched for the time of a test."""
    module = psycopg2.pool
    for owner, name in (
        (module.AbstractConnectionPool, "__init__"),
        (module.SimpleConnectionPool, "getconn"),
        (module.ThreadedConnectionPool, "getconn"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    pools = ConnectionPools(name_of, usage_of)
    measure_pools(module, pools)
    yield pools
    pools.reset()


def made(kind: str, minimum: int, maximum: int) -> Any:
    return getattr(psycopg2.pool, kind)(
        minimum, maximum, "postgresql://alice:secret@db/shop", port=5433, password="secret"
    )


@BOTH
def test_connections_are_idle_or_used(pools: ConnectionPools, kind: str) -> None:
    pool = made(kind, 2, 3)
    assert pools.readings() == [PoolReading(NAME, idle=2, used=0, maximum=3)]
    connection = pool.getconn()
    assert pools.readings() == [PoolReading(NAME, idle=1, used=1, maximum=3)]
    pool.putconn(connection)
    assert pools.readings() == [PoolReading(NAME, idle=2, used=0, maximum=3)]
    pool.closeall()
    assert pools.readings() == [PoolReading(NAME)]


@BOTH
def test_an_exhausted_pool_counts_a_timeout_and_a_closed_one_none(pools: ConnectionPools, kind: str) -> None:
    pool = made(kind, 0, 1)
    pool.getconn()
    with pytest.raises(psycopg2.pool.PoolError, match="exhausted"):
        pool.getconn()
    assert pools.readings() == [PoolReading(NAME, used=1, maximum=1, timeouts=1)]
    pool.closeall()
    with pytest.raises(psycopg2.pool.PoolError, match="closed"):
        pool.getconn()
    assert pools.readings() == [PoolReading(NAME, timeouts=1)]


def test_who_waits_while_another_connects_is_pending(pools: ConnectionPools, connector: Connector) -> None:
    pool = made("ThreadedConnectionPool", 0, 3)
    connector.go_on.clear()
    threads = [Thread(target=pool.getconn) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: pools.readings()[0].pending == 3, "three callers waiting")
    connector.go_on.set()
    for thread in threads:
        thread.join()
    assert pools.readings() == [PoolReading(NAME, used=3, maximum=3)]


def test_a_subclass_is_measured_once(pools: ConnectionPools) -> None:
    class Keeping(psycopg2.pool.ThreadedConnectionPool):
        def __init__(self, size: int) -> None:
            super().__init__(0, size, host="db", port=5433, dbname="shop", user="alice", password="secret")
            self.minconn = size

        def getconn(self, key: Any = None) -> Any:
            return super().getconn(key)

    pool = Keeping(4)
    pool.getconn()
    assert pools.readings() == [PoolReading(NAME, used=1, maximum=4)]


def test_a_connection_string_that_cannot_be_read_names_nothing(pools: ConnectionPools) -> None:
    pool = psycopg2.pool.SimpleConnectionPool(0, 1, "secret", host="db")
    assert pools.readings()[0].name == "db:5432"
    assert pool.closed is False


def test_names_units_and_attributes_are_those_of_the_convention(pools: ConnectionPools) -> None:
    pool = made("SimpleConnectionPool", 1, 3)
    metrics = PoolMetrics()
    assert metrics.collect(1, 2) == ()
    metrics.follow(pools)
    points = {
        (metric.name, metric.unit, tuple(sorted(state.attributes.items())), state.value)
        for metric in metrics.collect(1, 2)
        if isinstance(metric, SumMetric)
        for state in metric.states
    }
    name = ("db.client.connection.pool.name", NAME)
    assert points == {
        ("db.client.connection.count", "{connection}", (name, ("db.client.connection.state", "idle")), 1),
        ("db.client.connection.count", "{connection}", (name, ("db.client.connection.state", "used")), 0),
        ("db.client.connection.max", "{connection}", (name,), 3),
        ("db.client.connection.pending_requests", "{request}", (name,), 0),
        ("db.client.connection.timeouts", "{timeout}", (name,), 0),
    }
    pool.closeall()
