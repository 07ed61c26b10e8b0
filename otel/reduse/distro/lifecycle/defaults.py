"""Our defaults of the standard variables are in the environment only while the distro reads them.

They are read by contrib's and the SDK's own code, so they have to be there. But others in the process follow the same
variables, and so does what it starts: under our OTEL_TRACES_EXPORTER=none, ddtrace would trace nothing.
"""

import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from os import environ
from pathlib import Path

from reduse.distro.base.settings import set_defaults

_before: dict[str, str | None] = {}


def lay_defaults(environment: MutableMapping[str, str]) -> None:
    """Fill in what the deployment left unset, until `withdraw_defaults`."""
    before = dict(environment)
    set_defaults(environment)
    _before.update({name: before.get(name) for name, value in environment.items() if before.get(name) != value})


def tidy_environment() -> None:
    """The hook for when all instrumentations are in place: the environment as deployment and launcher made it."""
    withdraw_defaults()
    keep_children_instrumented(environ)


def keep_children_instrumented(environment: MutableMapping[str, str]) -> None:
    """Put contrib's folder back on PYTHONPATH, as newer versions do; in older ones spawned workers measure nothing."""
    loaded = getattr(sys.modules.get("sitecustomize"), "__file__", None)
    if loaded is None or "auto_instrumentation" not in loaded:
        return
    folder = str(Path(loaded).parent)
    path = environment.get("PYTHONPATH", "").split(os.pathsep)
    if folder not in path:
        environment["PYTHONPATH"] = os.pathsep.join([folder, *filter(None, path)])


def withdraw_defaults() -> None:
    """The environment without our defaults."""
    for name, value in _before.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value
    _before.clear()


@contextmanager
def defaults_laid() -> Iterator[None]:
    """The defaults are in the environment inside of this, also when they were withdrawn before."""
    if _before:
        yield
        return
    lay_defaults(environ)
    try:
        yield
    finally:
        withdraw_defaults()
