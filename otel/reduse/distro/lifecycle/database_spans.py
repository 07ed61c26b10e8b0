"""Spans of psycopg2 and psycopg by contrib's tracers, without the cursor classes that contrib would put in place.

Contrib's own patch of `connect` is taken back. What it would have made there is made for a connection at its first
operation, one for each: contrib has one for all, which then names the database of the latest connection.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from reduse.distro.sources.database.operation_name import operation_name
from reduse.distro.sources.database.spans import PSYCOPG, PSYCOPG2, Tracer

_SYSTEM = "postgresql"


def trace_psycopg2() -> None:
    """Have psycopg2's measured operations make spans; after contrib's instrumentation was started."""
    psycopg2, contrib = _library_and_contrib("psycopg2")
    _take_back(psycopg2)
    PSYCOPG2.begin(_tracers(contrib, contrib.Psycopg2Instrumentor, psycopg2))


def trace_psycopg() -> None:
    """Have psycopg's measured operations make spans; after contrib's instrumentation was started."""
    psycopg, contrib = _library_and_contrib("psycopg")
    _take_back(psycopg, psycopg.Connection, psycopg.AsyncConnection)
    PSYCOPG.begin(_tracers(contrib, contrib.PsycopgInstrumentor, psycopg))


def _library_and_contrib(name: str) -> tuple[Any, Any]:
    return import_module(name), import_module(f"opentelemetry.instrumentation.{name}")


def _take_back(*owners: Any) -> None:
    dbapi = import_module("opentelemetry.instrumentation.dbapi")
    for owner in owners:
        dbapi.unwrap_connect(owner, "connect")


def _tracers(contrib: Any, instrumentor: Any, library: Any) -> Callable[[Any], Tracer]:
    class CursorTracer(contrib.CursorTracer):  # type: ignore[misc]
        """Names spans as metrics are named; the metrics are ours."""

        def get_operation_name(self, _cursor: Any, args: tuple[Any, ...]) -> str:
            return (operation_name(args[0]) or "") if args else ""

        def get_statement(self, cursor: Any, args: tuple[Any, ...]) -> str:
            return text_of(args[0], cursor) if args else ""

        def _record_metrics(self, *_args: Any, **_kwargs: Any) -> None: ...

    def tracer_of(connection: Any) -> Tracer:
        integration = contrib.DatabaseApiIntegration(
            contrib.__name__,
            _SYSTEM,
            connection_attributes=instrumentor._CONNECTION_ATTRIBUTES,  # noqa: SLF001 - contrib names them once
            version=contrib.__version__,
            connect_module=library,
        )
        integration.get_connection_attributes(connection)
        tracer: Tracer = CursorTracer(integration)
        return tracer

    return tracer_of


def text_of(statement: Any, cursor: Any) -> str:
    """The text of a statement in any of the forms that the drivers take; empty when it has none."""
    if isinstance(statement, str):
        return statement
    if isinstance(statement, bytes):
        return statement.decode("utf-8", "replace")
    try:
        return str(statement.as_string(cursor))
    except Exception:  # noqa: BLE001 - the driver says what is wrong with it
        return ""
