"""psycopg's operations, measured by patches of its cursor classes; those derived from them are measured too.

`Connection.execute` works through a cursor, and so does all else. In pipeline mode an operation ends when it is handed
over: its result, or its error, comes with that of others.
"""

from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.sources.database.aggregation import Place
from reduse.distro.sources.database.measuring import OperationMeter, measured, measured_async
from reduse.distro.sources.database.operations import Operations
from reduse.distro.sources.database.piecemeal import measured_async_rows, measured_copy, measured_rows
from reduse.distro.sources.database.spans import PSYCOPG as SPANS
from reduse.distro.sources.instrumentation import Instrumentation, Process

Call = Callable[..., Any]


def measure_cursors(module: Any, meter: OperationMeter) -> None:
    """Measure the cursors of a module like `psycopg`."""
    for kind, measure, rows in (
        (module.Cursor, measured, measured_rows),
        (module.AsyncCursor, measured_async, measured_async_rows),
    ):
        kind.execute = measure(kind.execute, meter, SPANS, connection_of, "query")
        kind.executemany = measure(kind.executemany, meter, SPANS, connection_of, "query")
        kind.stream = rows(kind.stream, meter)
        kind.copy = measured_copy(kind.copy, meter)
    for kind, measure in ((module.ServerCursor, measured), (module.AsyncServerCursor, measured_async)):
        kind.execute = measure(kind.execute, meter, SPANS, connection_of, "query")


def connection_of(cursor: Any) -> Any:
    """The connection of a cursor."""
    return cursor.connection


def place_of(connection: Any) -> Place:
    """Where a connection goes, as libpq knows it."""
    info = connection.info
    return Place(info.dbname, info.host, info.port)


def _start(process: Process) -> None:
    meter = OperationMeter(process.source(Operations).aggregation, place_of)
    register_post_import_hook(lambda module: measure_cursors(module, meter), "psycopg")


PSYCOPG = Instrumentation("psycopg", _start, replaces=frozenset({"psycopg"}))
