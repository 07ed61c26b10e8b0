"""A WSGI request as resolvers of users know requests: as an ASGI scope.

Source: PEP 3333, "environ Variables"; ASGI, "HTTP connection scope".
"""

from collections.abc import MutableMapping
from typing import Any

Environ = MutableMapping[str, Any]

# Headers that stand in an environ without the prefix of all others.
_UNPREFIXED = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}


class AuthenticatedUser:
    """Whom a framework has authenticated, as Starlette's users are."""

    __slots__ = ("identity",)

    def __init__(self, identity: str) -> None:
        self.identity = identity


class EnvironScope(dict[str, Any]):
    """The scope of a request; its headers are only made when somebody asks for them.

    `user` is there when the framework has authenticated one.
    """

    def __init__(self, environ: Environ, method: str, scheme: str, user: AuthenticatedUser | None) -> None:
        super().__init__(type="http", method=method, scheme=scheme, path=environ.get("PATH_INFO", ""))
        self._environ = environ
        if user is not None:
            self["user"] = user
        address = environ.get("REMOTE_ADDR")
        if address:
            self["client"] = (address, _port(environ.get("REMOTE_PORT")))

    def __missing__(self, key: str) -> Any:
        if key != "headers":
            raise KeyError(key)
        headers = self["headers"] = headers_of(self._environ)
        return headers

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self["headers"] if key == "headers" else super().get(key, default)


def headers_of(environ: Environ) -> list[tuple[bytes, bytes]]:
    """The request's headers; a WSGI server has joined those of one name."""
    headers = []
    for key, value in environ.items():
        name = _name(key)
        if name is not None and isinstance(value, str):
            headers.append((name, value.encode("latin-1", "replace")))
    return headers


def _name(key: str) -> bytes | None:
    if key.startswith("HTTP_"):
        return key[5:].replace("_", "-").lower().encode("latin-1", "replace")
    return _UNPREFIXED.get(key)


def _port(port: Any) -> int:
    try:
        return int(port)
    except (TypeError, ValueError):
        return 0
