"""Spans of psycopg2 and psycopg by contrib's tracers, without the cursor classes that contrib would put in place; of
asyncpg by contrib's patches, mended.

Contrib's own patch of `connect` is taken back. What it would have made there is made for a connection at its first
operation, one for each: contrib has one for all, which then names the database of the latest connection.
"""

import functools
import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from wrapt import FunctionWrapper

from reduse.distro.base.harmless import is_the_services
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.database.asyncpg_operations import STATEMENTS
from reduse.distro.sources.database.measuring import positional
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


def trace_asyncpg() -> None:
    """Have contrib's spans of asyncpg take statements that are given by name, and leave tracebacks as they were.

    Contrib reads the statement from the first positional argument and fails without one.
    """
    asyncpg = import_module("asyncpg")
    for kind in (
        asyncpg.connection.Connection,
        asyncpg.prepared_stmt.PreparedStatement,
        asyncpg.cursor.Cursor,
        asyncpg.cursor.CursorIterator,
    ):
        for name, traced in list(vars(kind).items()):
            if isinstance(traced, FunctionWrapper):
                setattr(kind, name, _positional_first(traced, STATEMENTS.get(name)))


def _positional_first(traced: Any, argument: str | None) -> Callable[..., Any]:
    original = traced.__wrapped__

    async def execute(owner: Any, *args: Any, **kwargs: Any) -> Any:
        if argument is not None:
            args = positional(args, kwargs, argument)
        # Without a statement the driver has the word.
        call = traced if args or argument is None else original
        try:
            return await call.__get__(owner, type(owner))(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

    def give(owner: Any, *args: Any, **kwargs: Any) -> Any:
        return execute(owner, *args, **kwargs)

    return functools.wraps(original)(execute if inspect.iscoroutinefunction(original) else give)


def _library_and_contrib(name: str) -> tuple[Any, Any]:
    return import_module(name), import_module(f"opentelemetry.instrumentation.{name}")


def _take_back(*owners: Any) -> None:
    # By what the owner holds itself: contrib's own way back binds a class method to the class that it was found on, and
    # a connection class of one's own would get another's connections.
    for owner in owners:
        owner.connect = getattr(vars(owner)["connect"], "__wrapped__", vars(owner)["connect"])


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
    except Exception as raised:
        # The driver says what is wrong with it.
        if is_the_services(raised):
            raise
        return ""
