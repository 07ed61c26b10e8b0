"""The kinds of values in the file, each with what is wrong with one in words of its own."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_ENVIRONMENT = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)


def from_environment(value: str, environment: Mapping[str, str]) -> str:
    """`value` with `${env:NAME}` and `${env:NAME:-default}` replaced, as the collector does it.

    Raises:
        KeyError: a variable without a default is not set; the error's argument is its name.
    """

    def replaced(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        return environment[name] if default is None else environment.get(name) or default

    return _ENVIRONMENT.sub(replaced, value)


def with_defaults(value: str) -> str:
    """`value` with the default of each variable in its place; a variable without one stands for some text."""
    return _ENVIRONMENT.sub(lambda found: found[2] or "x", value)


def _duration(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    found = _DURATION.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("must be a duration with its unit, like 500ms, 1s or 5m")
    return float(found[1]) * _SECONDS[found[2]]


def _share(value: object) -> object:
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a percentage with its sign, like 99.5%")
    # Rounded: 99.5 / 100 has no exact float, and it is shown to people.
    return round(float(found[1]) / 100, 12)


def _name(value: str) -> str:
    if not value.strip() or any(ord(letter) < 32 or letter == '"' for letter in value):
        raise ValueError("must be a name: not empty, without quotes and control characters")
    return value


def _host_and_port(value: str) -> str:
    host, _, port = with_defaults(value).rpartition(":")
    if not host or "/" in host or (port != "x" and not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536)):
        raise ValueError("must be host:port, like db.example.org:5432")
    return value


def _web_address(value: str) -> str:
    known = with_defaults(value)
    if known != "x" and not re.match(r"https?://[^/@\s]+", known):
        raise ValueError("must be a URL like http://broker.example.org:15672, without a user or password")
    if "@" in known.partition("://")[2].partition("/")[0]:
        raise ValueError("must hold no user or password: give `username` and `password_file`")
    return value.rstrip("/")


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value


Seconds = Annotated[
    float,
    BeforeValidator(_duration),
    Field(gt=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$", "examples": ["500ms", "1s"]}),
]
"""A duration in seconds; in the file with its unit."""

Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(gt=0, lt=1),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$", "examples": ["99.5%"]}),
]
"""A part of a whole, from 0 to 1; in the file in percent, with the sign."""

Name = Annotated[str, AfterValidator(_name)]
"""As it stands in a label: any letters, dots and dashes."""

HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression that a part of the name has to match, as in Go's RE2."""
