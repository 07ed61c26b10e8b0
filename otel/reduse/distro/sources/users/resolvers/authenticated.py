"""The user whom the application itself has authenticated."""

from typing import Any
from uuid import UUID

from reduse.distro.base.harmless import is_the_services
from reduse.distro.sources.users.resolvers.identifier import identifier, value_at
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, refuse_argument, verified


def authenticated(argument: str | None) -> Resolver:
    """`scope["user"].identity`, as Starlette's AuthenticationMiddleware sets it, when it is there and not empty.

    Of a user that leaves out Starlette's `identity`, as SimpleUser does up to Starlette 1.0, it is the `username`.
    Never the `display_name`: two users may share it.

    Raises:
        ConfigurationError: there is an argument.
    """
    refuse_argument("authenticated", argument)
    return authenticated_user


@verified
def authenticated_user(scope: Scope) -> str | None:
    """The identity of the authenticated user; None for one that has none, or says that it is not authenticated."""
    user = scope.get("user")
    if user is None:
        return None
    try:
        return _id_of(_identity(user)) if _is_authenticated(user) else None
    except Exception as raised:
        # A property of the application; Starlette's base class raises here.
        if is_the_services(raised):
            raise
        return None


def _is_authenticated(user: Any) -> bool:
    try:
        return bool(user.is_authenticated)
    except Exception as raised:
        # As above; a user that does not say so has an identity or has none.
        if is_the_services(raised):
            raise
        return True


def _identity(user: Any) -> Any:
    try:
        return user.identity
    except NotImplementedError:
        return value_at(user, ("username",))


def _id_of(identity: Any) -> str | None:
    if isinstance(identity, str | int | UUID):
        return identifier(identity)
    return str(identity) if identity and _has_text(type(identity)) else None


def _has_text(kind: Any) -> bool:
    # What Python writes of other objects has their address in it: another user at each request.
    return kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__
