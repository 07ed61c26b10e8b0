"""PostgreSQL through a bounded pool of connections."""

import select
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg2
from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its classes in lower case
from psycopg2.extras import RealDictCursor, register_uuid
from psycopg2.pool import ThreadedConnectionPool

from foundation.settings import DatabaseSettings, read_secret

POOL_WAIT_SECONDS = 2.0
CONNECT_TIMEOUT_SECONDS = 2
STATEMENT_TIMEOUT_MS = 5_000
# Longer than any wait for the broker while rows of the outbox are locked.
IDLE_IN_TRANSACTION_TIMEOUT_MS = 120_000

Cursor = RealDictCursor
Row = dict[str, Any]
Parameters = Sequence[object] | Mapping[str, object]

register_uuid()  # type: ignore[no-untyped-call]


class DatabaseUnavailable(Exception):  # noqa: N818 - a state of the world, reported as 503
    """The database cannot be used now; the same call may succeed later."""


class _KeepingPool(ThreadedConnectionPool):
    """Opens connections when they are needed and keeps them; psycopg2's own closes those above `minconn`."""

    def __init__(self, settings: DatabaseSettings, application_name: str) -> None:
        super().__init__(
            0,
            settings.pool_size,
            host=settings.host,
            port=settings.port,
            dbname=settings.name,
            user=settings.user,
            password=read_secret(settings.password_file),
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}",
            cursor_factory=RealDictCursor,
        )
        self.minconn = settings.pool_size


class Database:
    """A service's database. Threads share it; nothing is connected before the first use.

    Every method may raise DatabaseUnavailable, also when no connection is free for POOL_WAIT_SECONDS.
    """

    def __init__(self, settings: DatabaseSettings, application_name: str) -> None:
        self._pool = _KeepingPool(settings, application_name)
        # psycopg2's pool raises at once when it is exhausted: waiting happens here, before it is asked.
        self._free = threading.BoundedSemaphore(settings.pool_size)

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """A cursor whose statements are committed together at the end, or rolled back on any exception."""
        with self._connection() as connection:
            connection.autocommit = False
            with connection, _cursor_of(connection) as cursor:
                yield cursor

    def fetch_all(self, query: str, parameters: Parameters = ()) -> list[Row]:
        """The rows of one reading statement, in one round trip."""
        with self._connection() as connection:
            connection.autocommit = True
            with _cursor_of(connection) as cursor:
                cursor.execute(query, parameters)
                return list(cursor.fetchall())

    def fetch_one(self, query: str, parameters: Parameters = ()) -> Row | None:
        """The first row of one reading statement, or None."""
        return next(iter(self.fetch_all(query, parameters)), None)

    def ping(self) -> None:
        """Return when the database answers."""
        self.fetch_all("SELECT 1")

    def close(self) -> None:
        """Close every connection; the database cannot be used afterwards."""
        self._pool.closeall()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if not self._free.acquire(timeout=POOL_WAIT_SECONDS):
            raise DatabaseUnavailable(f"no connection became free in {POOL_WAIT_SECONDS} s")
        try:
            connection = self._checkout()
            try:
                yield connection
            finally:
                self._pool.putconn(connection)
        # A missing table is a schema not there yet: services and databases start in any order.
        except (psycopg2.OperationalError, psycopg2.InterfaceError, UndefinedTable) as error:
            raise DatabaseUnavailable(str(error).strip() or type(error).__name__) from error
        finally:
            self._free.release()

    def _checkout(self) -> Connection:
        while True:
            connection = self._pool.getconn()
            if not _has_hung_up(connection):
                return connection
            self._pool.putconn(connection, close=True)


def _cursor_of(connection: Connection) -> Cursor:
    # The factory is the connection's: one named here would replace whatever wraps it from outside.
    return cast("Cursor", connection.cursor())


def _has_hung_up(connection: Connection) -> bool:
    # A server that has gone leaves something to read on an idle connection: the end of the stream.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
