"""Where spans of database operations come in: contrib's tracers, around the driver's own methods.

Contrib makes spans by a cursor class of its own on every connection, which takes the place of the one that the
application or its connection class chose. Measured methods call its tracer instead, and all classes stay.
"""

import functools
from collections.abc import Callable
from typing import Any, Protocol

from reduse.distro.base.harmless import is_the_services, note
from reduse.distro.sources.database.by_connection import ByConnection

Call = Callable[..., Any]


class Tracer(Protocol):
    """Contrib's `CursorTracer`, as much of it as is called here."""

    def traced_execution(self, cursor: Any, query_method: Call, *args: Any, **kwargs: Any) -> Any:
        """Call the method in a span."""

    async def traced_execution_async(self, cursor: Any, query_method: Call, *args: Any, **kwargs: Any) -> Any:
        """Call the method in a span, and wait for it there."""


class Spans:
    """Spans of one driver's operations: none until `begin`."""

    def __init__(self) -> None:
        self._tracer_of: ByConnection[Tracer] | None = None

    def __bool__(self) -> bool:
        return self._tracer_of is not None

    def begin(self, tracer_of: Callable[[Any], Tracer]) -> None:
        """Have operations traced; `tracer_of` makes the tracer of a connection."""
        self._tracer_of = ByConnection(tracer_of)

    def around(self, original: Call, connection: Any) -> Call:
        """A method of a cursor, in a span. The statement must be its first argument."""
        tracer = self._tracer(connection)
        if tracer is None:
            return original
        return lambda cursor, *args, **kwargs: tracer.traced_execution(
            cursor, functools.partial(original, cursor), *args, **kwargs
        )

    def around_async(self, original: Call, connection: Any) -> Call:
        """The same of a coroutine function."""
        tracer = self._tracer(connection)
        if tracer is None:
            return original
        return lambda cursor, *args, **kwargs: tracer.traced_execution_async(
            cursor, functools.partial(original, cursor), *args, **kwargs
        )

    def _tracer(self, connection: Any) -> Tracer | None:
        if self._tracer_of is None or connection is None:
            return None
        try:
            return self._tracer_of(connection)
        except Exception as raised:
            if is_the_services(raised):
                raise
            note("an operation was not traced")
            return None


# Of the drivers that contrib's DB-API instrumentation traces.
PSYCOPG2 = Spans()
PSYCOPG = Spans()
