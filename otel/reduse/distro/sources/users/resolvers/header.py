"""The user as a header names it: an API key, or what a gateway in front has put there."""

from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, required_token


def header(argument: str | None) -> Resolver:
    """The first header of this name, whatever its case, when it is there and not empty (RFC 9110, section 5.1).

    Raises:
        ConfigurationError: the name is missing, or none that a header can have.
    """
    wanted = required_token("header", argument, "the name of a header", "x-api-key").lower()

    def header_value(scope: Scope) -> str | None:
        for name, value in scope.get("headers", ()):
            if name == wanted:
                return value.decode("utf-8", "surrogateescape") or None
        return None

    return header_value
