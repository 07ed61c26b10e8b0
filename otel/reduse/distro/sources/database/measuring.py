"""A driver's method, measured: the same results, the same errors, and a traceback without a line of ours."""

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.harmless import is_the_services, note
from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.database.aggregation import DatabaseAggregation, Failure, Place
from reduse.distro.sources.database.by_connection import ByConnection
from reduse.distro.sources.database.operation_name import operation_name
from reduse.distro.sources.database.spans import Spans

Call = Callable[..., Any]

# PostgreSQL's name of an error, five characters, as psycopg2 calls it and as psycopg and asyncpg do.
_STATUS_CODES = ("pgcode", "sqlstate")

_NOWHERE = Place(None, None, None)


class OperationMeter:
    """Counts the operations of one driver.

    Args:
        operations: where they are counted.
        place_of: reads where a connection goes; asked once for each connection.
    """

    def __init__(self, operations: DatabaseAggregation, place_of: Callable[[Any], Place]) -> None:
        self._operations = operations
        self._place_of = ByConnection(place_of)

    def record(self, connection: Any, statement: Any, seconds: float, error: BaseException | None = None) -> None:
        """An operation has ended, by an error or without. Never raises: what fails here is no fault of the service."""
        try:
            place = self._place(connection)
            failure = None if error is None else failure_of(error)
            self._operations.operated(operation_name(statement), place, failure, seconds)
        except Exception as raised:
            if is_the_services(raised):
                raise
            note("an operation was not measured")

    def _place(self, connection: Any) -> Place:
        """Where a connection goes; nowhere without one, or when it is closed before it was ever asked."""
        try:
            return _NOWHERE if connection is None else self._place_of(connection)
        except Exception as raised:
            # Whatever the driver says to that.
            if is_the_services(raised):
                raise
            return _NOWHERE


def failure_of(error: BaseException) -> Failure:
    """What a driver's error says: PostgreSQL's code for it, else the class of the error."""
    for name in _STATUS_CODES:
        code = getattr(error, name, None)
        if isinstance(code, str) and code:
            return Failure(code, code)
    return Failure(None, error_type(error))


def statement_of(args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    """The argument that is the first one or goes by this name; an empty text without it, which a driver refuses."""
    return args[0] if args else kwargs.get(name, "")


def positional(args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> tuple[Any, ...]:
    """The positional arguments, with the statement as their first; it is taken from the others."""
    return (kwargs.pop(name),) if not args and name in kwargs else args


def measured(
    original: Call, meter: OperationMeter, spans: Spans, connection_of: Callable[[Any], Any], argument: str
) -> Call:
    """A method that executes the statement in its first argument, which is also called `argument`."""

    @functools.wraps(original)
    def execute(cursor: Any, *args: Any, **kwargs: Any) -> Any:
        call = original
        if spans:
            args, call = positional(args, kwargs, argument), spans.around(original, connection_of(cursor))
        started = perf_counter()
        try:
            result = call(cursor, *args, **kwargs)
        except BaseException as error:
            seconds = perf_counter() - started
            meter.record(connection_of(cursor), statement_of(args, kwargs, argument), seconds, error)
            error.__traceback__ = theirs(error)
            raise
        meter.record(connection_of(cursor), statement_of(args, kwargs, argument), perf_counter() - started)
        return result

    return execute


def measured_async(
    original: Call, meter: OperationMeter, spans: Spans, connection_of: Callable[[Any], Any], argument: str
) -> Call:
    """The same for a coroutine function."""

    @functools.wraps(original)
    async def execute(cursor: Any, *args: Any, **kwargs: Any) -> Any:
        call = original
        if spans:
            args, call = positional(args, kwargs, argument), spans.around_async(original, connection_of(cursor))
        started = perf_counter()
        try:
            result = await call(cursor, *args, **kwargs)
        except BaseException as error:
            seconds = perf_counter() - started
            meter.record(connection_of(cursor), statement_of(args, kwargs, argument), seconds, error)
            error.__traceback__ = theirs(error)
            raise
        meter.record(connection_of(cursor), statement_of(args, kwargs, argument), perf_counter() - started)
        return result

    return execute
