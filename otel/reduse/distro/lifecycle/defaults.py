"""Our defaults of the standard variables are in the environment only while the distro reads them.

They are read by contrib's and the SDK's own code, so they have to be there. But others in the process follow the same
variables, and so does what it starts: under our OTEL_TRACES_EXPORTER=none, ddtrace would trace nothing.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from os import environ

from reduse.distro.base.settings import set_defaults

_before: dict[str, str | None] = {}


def lay_defaults(environment: MutableMapping[str, str]) -> None:
    """Fill in what the deployment left unset, until `withdraw_defaults`."""
    before = dict(environment)
    set_defaults(environment)
    _before.update({name: before.get(name) for name, value in environment.items() if before.get(name) != value})


def withdraw_defaults() -> None:
    """The environment as the deployment made it. Called when all instrumentations are in place."""
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
