"""References to environment variables, as the collector has them: `${env:NAME}` and `${env:NAME:-default}`."""

import re
from collections.abc import Iterator, Mapping

from reduse.watch.wrong import refused

REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
"""The name and the default, which is None where there is none."""


def names_in(value: object) -> Iterator[tuple[str, bool]]:
    """Each variable that the texts of an entry, or of a whole file, refer to, and whether it has a default there."""
    if isinstance(value, str):
        yield from ((found[1], found[2] is not None) for found in REFERENCE.finditer(value))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from names_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from names_in(each)


def from_environment(value: str, environment: Mapping[str, str]) -> str:
    """`value` with each reference replaced; an empty variable is one that is not set where there is a default.

    Raises:
        KeyError: a variable without a default is not set; the error's argument is its name.
    """

    def replaced(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        return environment[name] if default is None else environment.get(name) or default

    return REFERENCE.sub(replaced, value)


def with_defaults(value: str) -> str | None:
    """`value` with the default of each variable in its place; None where one has no default: it is not known yet."""
    if any(found[2] is None for found in REFERENCE.finditer(value)):
        return None
    return REFERENCE.sub(lambda found: found[2], value)


def check_references(value: str) -> str:
    """`value`, when every `$` in it begins a reference."""
    if "$" in REFERENCE.sub("", value):
        raise refused(
            "a `$` begins no reference to an environment variable",
            "write ${env:NAME}, or ${env:NAME:-default} where there is a default",
        )
    return value
