"""Who sent a request. A resolver looks at an ASGI scope and gives an id, or nothing."""

from collections.abc import Callable, MutableMapping
from typing import Any

from reduse.distro.settings import Settings
from reduse.distro.users.pseudonym import cached_pseudonyms

Scope = MutableMapping[str, Any]
Resolver = Callable[[Scope], str | None]


def authenticated_user(scope: Scope) -> str | None:
    """`scope["user"].identity`, as authentication middleware sets it, when it is there and not empty."""
    user = scope.get("user")
    if user is None:
        return None
    try:
        identity = user.identity
    except Exception:  # noqa: BLE001 - a property of the application; Starlette's base class raises here
        return None
    return str(identity) if identity else None


def header(name: str) -> Resolver:
    """A resolver that takes the first header of this lower-case name, when it is there and not empty."""
    wanted = name.encode("ascii")

    def header_value(scope: Scope) -> str | None:
        for key, value in scope.get("headers", ()):
            if key == wanted:
                return value.decode("utf-8", "surrogateescape") or None
        return None

    return header_value


def first_of(*resolvers: Resolver) -> Resolver:
    """A resolver that asks each in turn and takes the first answer."""

    def first(scope: Scope) -> str | None:
        for resolve in resolvers:
            user_id = resolve(scope)
            if user_id is not None:
                return user_id
        return None

    return first


def nobody(_scope: Scope) -> None:
    """Every request is unidentified."""


def user_hash(settings: Settings) -> Resolver:
    """A resolver that gives the user's pseudonym.

    The user is the one that authentication middleware names, else the configured header, else nobody. Without a
    key it is always nobody.
    """
    if settings.user_hash_key is None:
        return nobody
    resolvers: list[Resolver] = [authenticated_user]
    if settings.user_header is not None:
        resolvers.append(header(settings.user_header))
    resolve = first_of(*resolvers)
    pseudonym_of = cached_pseudonyms(settings.user_hash_key)

    def hashed(scope: Scope) -> str | None:
        user_id = resolve(scope)
        return None if user_id is None else pseudonym_of(user_id)

    return hashed
