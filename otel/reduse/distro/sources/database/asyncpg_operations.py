"""asyncpg's operations, measured by patches of its classes; a connection class of one's own is measured too.

What the driver sends by itself, as a transaction's BEGIN and what resets a connection that goes back to its pool, is no
operation of the application. A cursor is one operation, which ends when it is open.
"""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.database.aggregation import Place
from reduse.distro.sources.database.measuring import OperationMeter, statement_of
from reduse.distro.sources.database.operations import Operations
from reduse.distro.sources.instrumentation import Instrumentation, Process

Call = Callable[..., Any]
StatementOf = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]

# Methods of a connection, by the name of their first argument; and those that copy. Not every version has all.
STATEMENTS = {
    "execute": "query",
    "executemany": "command",
    "fetch": "query",
    "fetchval": "query",
    "fetchrow": "query",
    "fetchmany": "query",
}
_COPIES = ("copy_from_table", "copy_from_query", "copy_to_table", "copy_records_to_table")

# Of a prepared statement, and of a cursor that is opened: these know their statement.
_OF_PREPARED = ("fetch", "fetchval", "fetchrow", "fetchmany", "executemany")
_OF_CURSORS = ("_bind", "_bind_exec")

# In which the driver sends what nobody asked for.
_OF_TRANSACTIONS = ("start", "commit", "rollback", "__aexit__")
_OF_SESSIONS = ("reset",)

# The connection whose operation goes on: what it executes in the meantime is part of that.
_busy: ContextVar[Any] = ContextVar("reduse_busy_connection", default=None)


def measure_connections(module: Any, meter: OperationMeter) -> None:
    """Measure the connections of a module like `asyncpg.connection`."""
    for name, argument in STATEMENTS.items():
        _replace(module.Connection, name, meter, _itself, _given(argument))
    for name in _COPIES:
        _replace(module.Connection, name, meter, _itself, _copy)
    for name in _OF_SESSIONS:
        _replace(module.Connection, name, None, _itself, _copy)
    # Where a statement is prepared for later: one that fails there is never executed.
    _replace(module.Connection, "_get_statement", meter, _itself, _given("query"), only_failures=True)


def measure_prepared(module: Any, meter: OperationMeter) -> None:
    """Measure the prepared statements of a module like `asyncpg.prepared_stmt`."""
    for name in _OF_PREPARED:
        _replace(module.PreparedStatement, name, meter, _its_connection, _its_own)


def measure_cursors(module: Any, meter: OperationMeter) -> None:
    """Measure the cursors of a module like `asyncpg.cursor`."""
    for name in _OF_CURSORS:
        _replace(module.BaseCursor, name, meter, _its_connection, _its_own)


def leave_out_transactions(module: Any) -> None:
    """Count nothing that the transactions of a module like `asyncpg.transaction` send."""
    for name in _OF_TRANSACTIONS:
        _replace(module.Transaction, name, None, _its_connection, _copy)


def place_of(connection: Any) -> Place:
    """Where a connection goes. asyncpg has no public way to it; a test holds it."""
    address, database = connection._addr, connection._params.database  # noqa: SLF001
    if isinstance(address, tuple):
        return Place(database, address[0], address[1])
    return Place(database, str(address), None)


def _itself(connection: Any) -> Any:
    return connection


def _its_connection(resource: Any) -> Any:
    # The connection behind what a pool gives out.
    connection = resource._connection  # noqa: SLF001 - of what is executed here a test holds it
    return getattr(connection, "_con", connection)


def _given(argument: str) -> StatementOf:
    return lambda _owner, args, kwargs: statement_of(args, kwargs, argument)


def _copy(_owner: Any, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> str:
    return "COPY"


def _its_own(owner: Any, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Any:
    return owner._query  # noqa: SLF001 - `get_query` refuses to say it when the statement is closed


def _replace(
    kind: Any,
    name: str,
    meter: OperationMeter | None,
    connection_of: Callable[[Any], Any],
    statement: StatementOf,
    *,
    only_failures: bool = False,
) -> None:
    """Measure one method of a class, if it has that; without a meter nothing is counted in it."""
    original = getattr(kind, name, None)
    if original is None:
        return
    measured = functools.partial(_measured, meter, connection_of, statement, only_failures=only_failures)

    @functools.wraps(original)
    def check(owner: Any, *args: Any, **kwargs: Any) -> Any:
        # It refuses before it gives anything that could be awaited.
        try:
            awaitable = original(owner, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise
        return measured(lambda *_args, **_kwargs: awaitable)(owner, *args, **kwargs)

    is_coroutine = inspect.iscoroutinefunction(original)
    setattr(kind, name, functools.wraps(original)(measured(original)) if is_coroutine else check)


def _measured(
    meter: OperationMeter | None,
    connection_of: Callable[[Any], Any],
    statement: StatementOf,
    original: Call,
    *,
    only_failures: bool,
) -> Call:
    async def execute(owner: Any, *args: Any, **kwargs: Any) -> Any:
        connection = connection_of(owner)
        counted = meter if _busy.get() is not connection else None
        token = _busy.set(connection)
        started = perf_counter()
        try:
            result = await original(owner, *args, **kwargs)
        except BaseException as error:
            if counted is not None:
                counted.record(connection, statement(owner, args, kwargs), perf_counter() - started, error)
            error.__traceback__ = theirs(error)
            raise
        finally:
            _busy.reset(token)
        if counted is not None and not only_failures:
            counted.record(connection, statement(owner, args, kwargs), perf_counter() - started)
        return result

    return execute


def _start(process: Process) -> None:
    meter = OperationMeter(process.source(Operations).aggregation, place_of)
    register_post_import_hook(lambda module: measure_connections(module, meter), "asyncpg.connection")
    register_post_import_hook(lambda module: measure_prepared(module, meter), "asyncpg.prepared_stmt")
    register_post_import_hook(lambda module: measure_cursors(module, meter), "asyncpg.cursor")
    register_post_import_hook(leave_out_transactions, "asyncpg.transaction")


ASYNCPG = Instrumentation("asyncpg", _start, replaces=frozenset({"asyncpg"}))
