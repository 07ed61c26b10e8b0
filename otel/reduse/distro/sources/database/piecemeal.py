"""psycopg's operations that give or take their rows piece by piece.

`stream` lasts as long as the driver was asked for rows, without what the application does between them; `copy` from
its beginning to its end, with it.
"""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from time import perf_counter
from typing import Any

from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.database.measuring import OperationMeter, statement_of

Call = Callable[..., Any]


def measured_rows(original: Call, meter: OperationMeter) -> Call:
    """A generator function of rows."""

    @functools.wraps(original)
    def stream(cursor: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        rows = original(cursor, *args, **kwargs)
        streaming = _Streaming(meter, cursor, statement_of(args, kwargs, "query"))
        step = rows.__next__
        try:
            while True:
                with streaming:
                    row = step()
                step = rows.__next__
                try:
                    yield row
                except GeneratorExit:
                    rows.close()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - handed on
                    step = functools.partial(rows.throw, _from_outside(thrown))
        except StopIteration:
            streaming.ended()
        except BaseException as error:
            streaming.ended(error)
            error.__traceback__ = theirs(error)
            raise

    return stream


def measured_async_rows(original: Call, meter: OperationMeter) -> Call:
    """An asynchronous generator function of rows."""

    @functools.wraps(original)
    async def stream(cursor: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        rows = original(cursor, *args, **kwargs)
        streaming = _Streaming(meter, cursor, statement_of(args, kwargs, "query"))
        step = rows.__anext__
        try:
            while True:
                with streaming:
                    row = await step()
                step = rows.__anext__
                try:
                    yield row
                except GeneratorExit:
                    await rows.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - handed on
                    step = functools.partial(rows.athrow, _from_outside(thrown))
        except StopAsyncIteration:
            streaming.ended()
        except BaseException as error:
            streaming.ended(error)
            error.__traceback__ = theirs(error)
            raise

    return stream


class _Streaming:
    """One `stream`, from its first row to its last, or to where the application stops asking.

    As a context manager it counts the time of one step.
    """

    def __init__(self, meter: OperationMeter, cursor: Any, statement: Any) -> None:
        self._meter = meter
        self._cursor = cursor
        self._statement = statement
        self._seconds = self._started = 0.0

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(self, *_error: object) -> None:
        self._seconds += perf_counter() - self._started

    def ended(self, error: BaseException | None = None) -> None:
        """There are no more rows, or they are not wanted any more."""
        stopped = isinstance(error, GeneratorExit)
        self._meter.record(self._cursor.connection, self._statement, self._seconds, None if stopped else error)


def _from_outside(thrown: BaseException) -> BaseException:
    """What an application throws into a generator, as it was before it came by here."""
    thrown.__traceback__ = theirs(thrown)
    return thrown


def measured_copy(original: Call, meter: OperationMeter) -> Call:
    """A method that gives a context manager, synchronous or asynchronous."""

    @functools.wraps(original)
    def copy(cursor: Any, *args: Any, **kwargs: Any) -> Any:
        manager = original(cursor, *args, **kwargs)
        ended = functools.partial(_record, meter, cursor, statement_of(args, kwargs, "statement"))
        kind: Any = type(manager)
        manager.__class__ = _measured_manager(kind)
        manager.ended = ended
        return manager

    return copy


def _record(meter: OperationMeter, cursor: Any, statement: Any, started: float, error: BaseException | None) -> None:
    meter.record(cursor.connection, statement, perf_counter() - started, error)


@functools.cache
def _measured_manager(kind: Any) -> Any:
    """The class of a context manager of `contextlib`, told apart by its two methods alone."""
    methods = _asynchronous_methods(kind) if hasattr(kind, "__aenter__") else _methods(kind)
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__, **methods})


class _Failing:
    """Within it an error of the driver's ends the copy, and has no frame of ours."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def __enter__(self) -> None:
        """The driver's own method is called."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is not None:
            self._manager.ended(self._manager.started, error)
            error.__traceback__ = theirs(error)


def _methods(kind: Any) -> dict[str, Call]:
    def enter(self: Any) -> Any:
        self.started = perf_counter()
        with _Failing(self):
            return kind.__enter__(self)

    def leave(self: Any, cause: Any, value: Any, traceback: Any) -> Any:
        with _Failing(self):
            handled = kind.__exit__(self, cause, value, traceback)
        self.ended(self.started, value)
        return handled

    return {"__enter__": enter, "__exit__": leave}


def _asynchronous_methods(kind: Any) -> dict[str, Call]:
    async def enter(self: Any) -> Any:
        self.started = perf_counter()
        with _Failing(self):
            return await kind.__aenter__(self)

    async def leave(self: Any, cause: Any, value: Any, traceback: Any) -> Any:
        with _Failing(self):
            handled = await kind.__aexit__(self, cause, value, traceback)
        self.ended(self.started, value)
        return handled

    return {"__aenter__": enter, "__aexit__": leave}
