"""What can be the id of a user, and where it stands within what a service keeps."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.sources.users.resolvers.resolver import SETTING, required

# What SQLAlchemy has in each mapped object.
_MAPPED = "_sa_instance_state"


class UnfitAnswerError(TypeError):
    """What was found cannot be an id. The message has its type and never its value, so it may be logged."""


def identifier(value: object) -> str | None:
    """An id as text: text that is not empty, a whole number, a UUID; None for everything else, and for truth values."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | UUID) and not isinstance(value, bool):
        return str(value)
    return None


def required_identifier(value: object, origin: str) -> str | None:
    """The same; None and empty text are nobody.

    Raises:
        UnfitAnswerError: it is something else.
    """
    found = identifier(value)
    if found is None and value is not None and value != "":
        raise UnfitAnswerError(
            f"{origin} returns a value of the type {type(value).__qualname__}, which is not an id: "
            "an id is text, a whole number or a UUID"
        )
    return found


def path_of(name: str, argument: str | None, example: str) -> tuple[str, ...]:
    """The steps of an argument such as `user.id`.

    Raises:
        ConfigurationError: it is missing, or a step is empty.
    """
    steps = tuple(required(name, argument, "the name of a value", example).split("."))
    if not all(steps):
        raise ConfigurationError(f"{SETTING}: {name}:{argument} has an empty part: use e.g. {name}:{example}")
    return steps


def value_at(value: Any, steps: Sequence[str]) -> Any:
    """The value at a path of keys and attributes; None where there is none. Asks no database.

    A mapped object of SQLAlchemy is read as it is in memory: an attribute that has expired would be a query.
    """
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
            continue
        own = getattr(value, "__dict__", {})
        value = own.get(step) if step in own or _MAPPED in own else getattr(value, step, None)
    return value
