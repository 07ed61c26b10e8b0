"""Addresses of databases and brokers as people give them on a command line."""

import re
from collections.abc import Collection
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from reduse.errors import SettingError
from reduse.watch.stores import Broker, Database

SECRETS = "secrets"
"""The folder beside the file in which passwords are, each in a file with the name of its part."""

MONITORING = "monitoring"
POSTGRESQL_PORT = 5432
Kind = TypeVar("Kind", Database, Broker)
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def database(text: str, taken: Collection[str]) -> Database:
    """An entry for `[NAME=][USER@]HOST[:PORT]` or `[NAME=]postgresql://…`. `taken`: names that are there already.

    Raises:
        SettingError: it is no such address, or has a password in it.
    """
    name, address = _named(text)
    parts = _parts(address if "://" in address else f"postgresql://{address}", "HOST:PORT or postgresql://USER@HOST")
    port = parts[2] or POSTGRESQL_PORT
    host = f"[{parts[1]}]" if ":" in parts[1] else parts[1]
    name = name or _unique(_called(parts[1], "postgresql", port), taken)
    return _entry(Database, name, {"endpoint": f"{host}:{port}", "username": parts[0] or MONITORING})


def broker(text: str, taken: Collection[str]) -> Broker:
    """An entry for `[NAME=]http[s]://[USER@]HOST:PORT`, the management API. As `database`."""
    name, address = _named(text)
    if not re.match(r"https?://", address):
        address = f"http://{address}"
    user, host, port = _parts(address, "http://USER@HOST:15672")
    parsed = urlsplit(address)
    shown = f"[{host}]" if ":" in host else host
    url = f"{parsed.scheme}://{shown}{f':{port}' if port else ''}{parsed.path.rstrip('/').removesuffix('/api')}"
    name = name or _unique(_called(host, "rabbitmq", port or 15672), taken)
    return _entry(Broker, name, {"management_url": url, "username": user or MONITORING})


def _named(text: str) -> tuple[str, str]:
    name, equals, address = text.partition("=")
    return (name.strip(), address.strip()) if equals and "://" not in name else ("", text.strip())


def _parts(url: str, wanted: str) -> tuple[str, str, int | None]:
    """User, host and port."""
    try:
        parts = urlsplit(url)
        user, password, host, port = parts.username, parts.password, parts.hostname, parts.port
    except ValueError:
        raise SettingError(f"this is not an address: write {wanted}.") from None
    if password is not None:
        raise SettingError(
            "an address has a password in it, which others on this machine can see: leave it out; "
            f"it is asked for, or read from {SECRETS}/NAME beside the file."
        )
    if not host:
        raise SettingError(f"this is not an address: write {wanted}.")
    return user or "", host, port


def _called(host: str, kind: str, port: int) -> str:
    """A name by the host, where it says something."""
    if host == "localhost" or ":" in host or re.fullmatch(r"[\d.]+", host):
        return f"{kind}-{port}"
    return _NOT_IN_NAMES.sub("-", host.partition(".")[0])


def _unique(name: str, taken: Collection[str]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _entry(kind: type[Kind], name: str, values: dict[str, str]) -> Kind:
    try:
        return kind.model_validate({"name": name, "password_file": f"{SECRETS}/{name.replace('/', '-')}", **values})
    except ValidationError as error:
        first = error.errors()[0]
        context = first.get("ctx", {})
        wrong, right = context.get("wrong", "cannot be used"), context.get("right", "write another one")
        raise SettingError(f"the {first['loc'][-1]} of an address: {wrong}; {right}.") from None
