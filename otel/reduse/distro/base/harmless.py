"""What is ours must not fail what is the service's: a guard around whatever of ours runs inside of its calls.

But not all that is raised there is ours. A signal handler of the service's runs wherever the interpreter happens to
be, in the midst of our lines too, and may raise: the time limits of RQ, Celery and `timeout-decorator` do. Such an
exception goes on to the service, as it would from any line of its own.
"""

import functools
import logging
import signal
import sys
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# Whose functions ours call where nothing of the service's is asked for.
_CALLED = frozenset(sys.stdlib_module_names) | {"builtins", "opentelemetry", "reduse", "wrapt"}
# Libraries whose own exceptions come from functions of C, too, which leave no frame: those that are measured, and those
# that stand in for threads.
_SILENT = frozenset(
    {
        "aio_pika",
        "aiormq",
        "asyncpg",
        "django",
        "eventlet",
        "flask",
        "gevent",
        "greenlet",
        "pika",
        "psycopg",
        "psycopg2",
        "psycopg_pool",
        "sqlalchemy",
        "werkzeug",
    }
)

# `inspect.CO_VARARGS`, without `inspect`.
_VARIABLE_ARGUMENTS = 4

_logger = logging.getLogger(__name__)


def harmless(function: Callable[Parameters, Result]) -> Callable[Parameters, Result | None]:
    """Have a function of ours give None where it fails, of which the service must not notice anything."""

    @functools.wraps(function)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if is_the_services(error):
                raise
            note("%s has failed", getattr(function, "__qualname__", "a function"))
            return None

    return guarded


def note(message: str, *arguments: object) -> None:
    """For who looks for the cause: the exception that is being handled, in the log. Never raises."""
    try:
        _logger.debug(message, *arguments, exc_info=sys.exception())
    except Exception as error:
        # A filter or a handler of the service's.
        if is_the_services(error):
            raise


def is_the_services(error: BaseException) -> bool:
    """Whether an error that was caught around our own code was raised into it from outside; asked while it is handled.

    It was when a signal handler is among the frames that it came through: that is called with the frame that it
    interrupts, or is registered as one. And when its class is a stranger's although no stranger was called: an
    exception that another thread has set, as the time limits of RQ's threads and `func_timeout` do.
    """
    handlers = _handlers()
    strangers = False
    caller: FrameType | None = None
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if caller is not None and (frame.f_code in handlers or _is_called_with(frame, caller)):
            return True
        strangers = strangers or _root(frame.f_globals.get("__name__")) not in _CALLED
        caller, traceback = frame, traceback.tb_next
    return not strangers and _root(type(error).__module__) not in _CALLED | _SILENT


def _root(module: Any) -> str:
    return str(module).partition(".")[0]


def _is_called_with(frame: FrameType, caller: FrameType) -> bool:
    """Whether a function has the frame of its caller as an argument."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    if any(values.get(name) is caller for name in code.co_varnames[:count]):
        return True
    if not code.co_flags & _VARIABLE_ARGUMENTS:
        return False
    others = values.get(code.co_varnames[count])
    return isinstance(others, tuple) and any(each is caller for each in others)


def _handlers() -> frozenset[CodeType]:
    """The code of the functions that handle signals now."""
    codes = (_code_of(signal.getsignal(number)) for number in signal.valid_signals())
    return frozenset(code for code in codes if code is not None)


def _code_of(handler: Any) -> CodeType | None:
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not isinstance(handler, FunctionType | MethodType):
        # An object that is called.
        handler = type(handler).__call__
    code = getattr(handler, "__code__", None)
    return code if isinstance(code, CodeType) else None
