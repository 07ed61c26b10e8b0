"""The user as the service itself has noted it with the request, after it has verified who it is."""

from reduse.distro.sources.users.resolvers.identifier import path_of, required_identifier, value_at
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, verified


def state(argument: str | None) -> Resolver:
    """What stands at a path of `request.state`, which ASGI has in `scope["state"]`, such as `partner` or `user.id`.

    Raises:
        ConfigurationError: there is no path.
    """
    return _value("state", argument, "user.id")


def session(argument: str | None) -> Resolver:
    """What stands at a path of `request.session`, which SessionMiddleware makes of a cookie whose signature is right.

    Raises:
        ConfigurationError: there is no path.
    """
    return _value("session", argument, "user_id")


def _value(name: str, argument: str | None, example: str) -> Resolver:
    steps = path_of(name, argument, example)
    origin = f"{name}:{argument}"

    @verified
    def scope_value(scope: Scope) -> str | None:
        values = scope.get(name)
        return required_identifier(value_at(values, steps), origin) if values else None

    return scope_value
