"""psycopg2's operations, measured by subclasses that stand for its two classes of C.

A class of C takes no patches. So `cursor` and `connection` are replaced in the module of C just after it is loaded and
before psycopg2's own modules take them from there: DictCursor, RealDictConnection and an application's own classes are
then derived from the measured ones, and `type(connection.cursor()) is psycopg2.extensions.cursor` stays true.

An asynchronous connection only sends in `execute`: its operation ends when `poll` says so.
"""

import functools
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.say import say
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.database.aggregation import Place
from reduse.distro.sources.database.measuring import Call, OperationMeter, positional, statement_of
from reduse.distro.sources.database.operations import Operations
from reduse.distro.sources.database.spans import PSYCOPG2 as SPANS
from reduse.distro.sources.instrumentation import Instrumentation, Process

# The methods of a cursor that execute something: the name of the statement's argument; for those whose first argument
# is none, the command that they are.
_STATEMENTS = {"execute": "query", "executemany": "query", "copy_expert": "sql", "callproc": "procname"}
_COMMANDS = {"callproc": "CALL", "copy_from": "COPY", "copy_to": "COPY"}

_POLL_OK = 0


def measure_psycopg2(meter: OperationMeter) -> None:
    """Measure every cursor of this process, from when psycopg2 is imported."""
    if "psycopg2.extensions" in sys.modules:
        say("psycopg2 was imported before the distro started: its operations are not measured")
        return
    register_post_import_hook(lambda module: replace_classes(module, meter), "psycopg2._psycopg")


def place_of(connection: Any) -> Place:
    """Where a connection goes, as libpq knows it."""
    info = connection.info
    return Place(info.dbname, info.host, info.port)


def replace_classes(module: Any, meter: OperationMeter) -> None:
    """Put measured classes in the place of those of `psycopg2._psycopg`."""
    waiting = _Waiting(meter)
    names = {**_STATEMENTS, **_COMMANDS}
    cursor = _derived(module.cursor, {name: _executing(module.cursor, name, meter, waiting) for name in names})
    connection = _derived(
        module.connection,
        {"cursor": _cursor_of(module.connection, cursor), "poll": _poll_of(module.connection, waiting)},
    )
    module.ReplicationCursor = _derived(module.ReplicationCursor, {}, cursor)
    module.ReplicationConnection = _derived(module.ReplicationConnection, {}, connection)
    module.cursor, module.connection = cursor, connection
    module._connect = _connect_of(module._connect, connection)  # noqa: SLF001 - what `psycopg2.connect` calls


class _Waiting:
    """The statements that asynchronous connections wait for, one each at most."""

    def __init__(self, meter: OperationMeter) -> None:
        self._meter = meter
        self._sent: dict[int, tuple[Any, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._sent)

    def sent(self, connection: Any, statement: Any, started: float) -> None:
        """A statement was sent."""
        self._sent[id(connection)] = (statement, started)

    def ended(self, connection: Any, error: BaseException | None = None) -> None:
        """The connection waits no longer; nothing when it did not."""
        waited = self._sent.pop(id(connection), None)
        if waited is not None:
            self._meter.record(connection, waited[0], perf_counter() - waited[1], error)


def _derived(original: type, methods: dict[str, Call], *bases: type) -> type:
    """A class that goes by the name of the original one and has its layout."""
    namespace = {
        "__slots__": (),
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
        **methods,
    }
    return type(original.__name__, (original, *bases), namespace)


def _executing(kind: Any, name: str, meter: OperationMeter, waiting: _Waiting) -> Call:
    original = getattr(kind, name)
    argument, command = _STATEMENTS.get(name, ""), _COMMANDS.get(name)
    # As the class of C has it, whatever a class derived from it calls so.
    connection_of: Callable[[Any], Any] = kind.connection.__get__

    @functools.wraps(original)
    def execute(cursor: Any, *args: Any, **kwargs: Any) -> Any:
        call = original
        if SPANS and argument:
            args, call = positional(args, kwargs, argument), SPANS.around(original, connection_of(cursor))
        started = perf_counter()
        try:
            result = call(cursor, *args, **kwargs)
        except BaseException as error:
            statement = command or statement_of(args, kwargs, argument)
            meter.record(connection_of(cursor), statement, perf_counter() - started, error)
            error.__traceback__ = theirs(error)
            raise
        connection, statement = connection_of(cursor), command or statement_of(args, kwargs, argument)
        if connection.async_:
            waiting.sent(connection, statement, started)
        else:
            meter.record(connection, statement, perf_counter() - started)
        return result

    return execute


def _cursor_of(kind: Any, measured: type) -> Call:
    """`connection.cursor`, whose default class is the measured one."""
    original = kind.cursor

    @functools.wraps(original)
    def cursor(connection: Any, *args: Any, **kwargs: Any) -> Any:
        if connection.cursor_factory is None:
            args, kwargs = _with_default(args, kwargs, "cursor_factory", measured)
        try:
            return original(connection, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

    return cursor


def _poll_of(kind: Any, waiting: _Waiting) -> Call:
    original = kind.poll

    @functools.wraps(original)
    def poll(connection: Any) -> Any:
        try:
            state = original(connection)
        except BaseException as error:
            waiting.ended(connection, error)
            error.__traceback__ = theirs(error)
            raise
        if waiting and state == _POLL_OK:
            waiting.ended(connection)
        return state

    return poll


def _connect_of(original: Call, measured: type) -> Call:
    @functools.wraps(original)
    def _connect(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _with_default(args, kwargs, "connection_factory", measured)
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

    return _connect


def _with_default(
    args: tuple[Any, ...], kwargs: dict[str, Any], name: str, value: type
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, with a value for the second one, or that of this name, where it is left out or None."""
    if len(args) > 1:
        if args[1] is None:
            args = (args[0], value, *args[2:])
    elif kwargs.get(name) is None:
        kwargs[name] = value
    return args, kwargs


def _start(process: Process) -> None:
    measure_psycopg2(OperationMeter(process.source(Operations).aggregation, place_of))


PSYCOPG2 = Instrumentation("psycopg2", _start, replaces=frozenset({"psycopg2"}))
