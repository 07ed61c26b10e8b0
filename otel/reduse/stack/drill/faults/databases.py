"""Faults of a PostgreSQL instance that the stack starts, by its name."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg2

from reduse.stack.databases import connect
from reduse.stack.drill.threads import meanwhile
from reduse.stack.installation import Installation

# Of the connections that the server allows: over the alert's four fifths.
LEAKED = 0.85
LOCK_SECONDS = 1.5
PAUSE_SECONDS = 0.05


@contextmanager
def leaked_connections(installation: Installation, name: str, database: str = "postgres") -> Iterator[None]:
    """Somebody opens connections to this instance and closes none."""
    server = installation.database(name)
    with ExitStack() as leaked:
        for _number in range(round(LEAKED * server.max_connections)):
            # Fewer are as good: the server's own have taken the rest.
            with suppress(psycopg2.OperationalError):
                leaked.enter_context(connect(server, database, installation))
        yield


@contextmanager
def locks(installation: Installation, name: str, database: str, table: str) -> Iterator[None]:
    """Somebody locks this table again and again. `table`: as it stands in SQL."""

    def lock(ending: threading.Event) -> None:
        with connect(installation.database(name), database, installation) as connection:
            while not ending.is_set():
                with connection.cursor() as cursor:
                    cursor.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                    cursor.execute("SELECT pg_sleep(%s)", [LOCK_SECONDS])
                    cursor.execute("COMMIT")
                ending.wait(PAUSE_SECONDS)

    with meanwhile(lock):
        yield


@contextmanager
def statements(installation: Installation, name: str, database: str, made: str, mended: str) -> Iterator[None]:
    """A superuser runs `made`, and `mended` at the end."""
    with connect(installation.database(name), database, installation) as connection, ExitStack() as mending:
        cursor = mending.enter_context(connection.cursor())
        cursor.execute(made)
        mending.callback(cursor.execute, mended)
        yield
