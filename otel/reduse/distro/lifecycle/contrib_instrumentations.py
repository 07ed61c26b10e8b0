"""Contrib's instrumentations as we run them: one server span for a request and one producer span for a message."""

from collections.abc import Callable, Collection, Mapping
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from wrapt import wrap_function_wrapper

from reduse.distro.base.say import say
from reduse.distro.lifecycle.database_spans import trace_asyncpg, trace_psycopg, trace_psycopg2

# The libraries whose spans come from packages of the extra `traces`. FastAPI stands on Starlette: who traces the one
# needs no instrumentation of the other.
TRACED_LIBRARIES = ("fastapi", "starlette", "pika", "psycopg2")

_patched: set[str] = set()


def refine(instrumentation: str) -> None:
    """Correct what one of contrib's instrumentations does, once it is in place; only those that run are touched."""
    patches: dict[str, Callable[[], None]] = {
        "fastapi": _leave_out_message_spans,
        "starlette": _leave_out_message_spans,
        "pika": _trace_one_layer,
        "psycopg2": trace_psycopg2,
        "psycopg": trace_psycopg,
        "asyncpg": trace_asyncpg,
    }
    patch = patches.get(instrumentation)
    if patch is not None and patch.__name__ not in _patched:
        _patched.add(patch.__name__)
        patch()


def _leave_out_message_spans() -> None:
    """Without a span for each ASGI message ("http receive", "http send"), unless an application asks for them."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    def initialize(wrapped: Callable[..., None], _instance: object, args: tuple[Any, ...], kwargs: Any) -> None:
        if kwargs.get("exclude_spans") is None:
            kwargs["exclude_spans"] = ["receive", "send"]
        wrapped(*args, **kwargs)

    wrap_function_wrapper(OpenTelemetryMiddleware, "__init__", initialize)


def _trace_one_layer() -> None:
    """A `BlockingChannel` works through an inner channel. Contrib traces both; here the inner one is left as it was."""
    from pika.adapters.blocking_connection import BlockingConnection

    def channel(wrapped: Callable[..., Any], _instance: object, args: tuple[Any, ...], kwargs: Any) -> Any:
        opened = wrapped(*args, **kwargs)
        # Contrib has put these on the instance, over the methods of its class.
        inner = vars(opened._impl)  # noqa: SLF001
        inner.pop("basic_publish", None)
        inner.pop("basic_consume", None)
        return opened

    wrap_function_wrapper(BlockingConnection, "channel", channel)


def say_what_is_missing(environment: Mapping[str, str]) -> None:
    """One line on stderr when spans are wanted and libraries are here whose instrumentation is not."""
    libraries = {library for library in TRACED_LIBRARIES if find_spec(library) is not None}
    present = {entry_point.name for entry_point in entry_points(group="opentelemetry_instrumentor")}
    missing = without_instrumentation(libraries, present)
    if missing:
        say(
            f"OTEL_TRACES_EXPORTER={environment['OTEL_TRACES_EXPORTER']}, but the instrumentation of "
            f"{', '.join(missing)} is not installed: pip install 'reduse[traces]'"
        )


def without_instrumentation(libraries: Collection[str], instrumentations: Collection[str]) -> list[str]:
    """Which of the installed libraries have no instrumentation among the installed ones."""
    wanted = [library for library in TRACED_LIBRARIES if library in libraries]
    if "fastapi" in wanted:
        wanted.remove("starlette")
    return [library for library in wanted if library not in instrumentations]
