"""FastAPI and Starlette applications are measured without a line in them: their `__call__` is replaced once.

The classes are patched when they are imported, so a process that imports none of them (a supervisor, a script) pays
nothing. Applications that exist already and subclasses are covered too.
"""

import functools
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.internals.fastapi_telemetry import remember_that_telemetry_is_disabled
from reduse.distro.sources.http.request_meter import RequestMeter
from reduse.distro.sources.http.requests import HttpRequests
from reduse.distro.sources.http.route import note_fastapi_routes, note_starlette_routes
from reduse.distro.sources.instrumentation import Instrumentation, Process


class _Process:
    """What is measured by in this process; a forked child has its parent's, which starts there from nothing."""

    meter: RequestMeter | None = None


def process_meter() -> RequestMeter | None:
    """What measures the requests of this process, once `measure_applications` was called; None before."""
    return _Process.meter


def measure_applications(meter: RequestMeter) -> None:
    """Measure every FastAPI and Starlette application of this process, now or when the framework is imported."""
    _Process.meter = meter
    register_post_import_hook(note_starlette_routes, "starlette.routing")
    register_post_import_hook(note_fastapi_routes, "fastapi.routing")
    register_post_import_hook(remember_that_telemetry_is_disabled, "fastapi.telemetry._asgi")
    register_post_import_hook(lambda module: measure_class(module.Starlette, meter), "starlette.applications")
    register_post_import_hook(lambda module: measure_class(module.FastAPI, meter), "fastapi.applications")


def measure_class(application: Any, meter: RequestMeter) -> None:
    """Measure every application of this class. FastAPI calls Starlette's `__call__` too: that counts once."""
    original = application.__call__
    application.__call__ = functools.wraps(original)(meter.measuring(original))


def request_meter(process: Process) -> RequestMeter:
    """What measures ASGI applications in a process."""
    requests, settings = process.source(HttpRequests), process.settings
    return RequestMeter(
        http=requests.aggregation,
        identify=process.users.identification.user,
        known_methods=settings.known_methods,
        opened=requests.open,
        flush=process.lifespan_ended,
        tracing=settings.tracing,
        exemplars=settings.exemplars,
    )


def _start(process: Process) -> None:
    measure_applications(request_meter(process))


ASGI_APPLICATIONS = Instrumentation(None, _start, replaces=frozenset({"fastapi", "starlette", "asgi"}))
