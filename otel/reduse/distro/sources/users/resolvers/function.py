"""The user as a function of the service's own code names it."""

import importlib
import inspect
import re
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.sources.users.resolvers.identifier import UnfitAnswerError, required_identifier
from reduse.distro.sources.users.resolvers.resolver import SETTING, Resolver, Scope, required

_PATH = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def python(argument: str | None) -> Resolver:
    """What `package.module:function` answers to the scope of a request: an id, or None.

    The module is imported when it is first needed, because the service's own folder is not on the path before the
    server has put it there. A function that cannot be used is an error of each request, as one that raises is.

    Raises:
        ConfigurationError: the argument is no import path.
    """
    path = required("python", argument, "the import path of a function", "billing.users:user_of")
    found = _PATH.fullmatch(path)
    if found is None:
        raise ConfigurationError(
            f"{SETTING}: python:{path} is not the import path of a function: use e.g. python:billing.users:user_of"
        )
    module, name = found.groups()
    origin = f"python:{path}"
    function: Callable[[Scope], Any] | None = None

    def function_answer(scope: Scope) -> str | None:
        nonlocal function
        if function is None:
            function = _loaded(module, name, origin)
        answer = function(scope)
        if isinstance(answer, CoroutineType):
            answer.close()
        return required_identifier(answer, origin)

    return function_answer


def _loaded(module: str, name: str, origin: str) -> Callable[[Scope], Any]:
    """The function; one that raises in its place when it cannot be used, so that this is tried once."""
    try:
        function: Any = importlib.import_module(module)
        for step in name.split("."):
            function = getattr(function, step)
    # A module may end the process when it is imported; ours must not be why.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return _unusable(origin, " ".join(f"{type(error).__name__}: {error}".split()))
    if not callable(function):
        return _unusable(origin, "it is not a function")
    if inspect.iscoroutinefunction(function):
        return _unusable(origin, "coroutine functions are not supported")
    return function  # type: ignore[no-any-return]


def _unusable(origin: str, reason: str) -> Callable[[Scope], Any]:
    def unusable(_scope: Scope) -> Any:
        raise UnfitAnswerError(f"{origin} cannot be used ({reason})")

    return unusable
