"""What is said and done where a private part is not there, or is another one than it was."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from opentelemetry.sdk.version import __version__

from reduse.distro.base.say import say

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# What a part that is not there, or is another one than it was, shows itself by.
NOT_THERE = (AttributeError, ImportError, IndexError, KeyError, TypeError)

_said: set[str] = set()


def say_once(loss: str) -> None:
    """One line on stderr about something that this version of OpenTelemetry does not let us do."""
    if loss not in _said:
        _said.add(loss)
        say(f"OpenTelemetry {__version__} has changed internally: {loss}")


def otherwise(loss: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result | None]]:
    """Have a function say `loss` and give None where a private part that it uses is not there."""

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result | None]:
        @functools.wraps(function)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result | None:
            try:
                return function(*args, **kwargs)
            except NOT_THERE:
                say_once(loss)
                return None

        return guarded

    return decorate
