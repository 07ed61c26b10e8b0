"""The user whom the application itself has authenticated."""

from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, refuse_argument, verified


def authenticated(argument: str | None) -> Resolver:
    """`scope["user"].identity`, as Starlette's AuthenticationMiddleware sets it, when it is there and not empty.

    Raises:
        ConfigurationError: there is an argument.
    """
    refuse_argument("authenticated", argument)
    return authenticated_user


@verified
def authenticated_user(scope: Scope) -> str | None:
    """The identity of the authenticated user; None for one that has none."""
    user = scope.get("user")
    if user is None:
        return None
    try:
        identity = user.identity
        return str(identity) if identity else None
    except Exception:  # noqa: BLE001 - a property of the application; Starlette's base class raises here
        return None
