"""The user as a header names it: an API key, or what a gateway in front has put there."""

from reduse.distro.sources.users.resolvers.basic import is_basic, name_in
from reduse.distro.sources.users.resolvers.changing import SIGNED_DATA, signed_data_notice
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope
from reduse.distro.sources.users.resolvers.token_within import named_value

# RFC 9110, sections 11.6.2 and 11.7.2.
_CREDENTIALS = frozenset({b"authorization", b"proxy-authorization"})


def header(argument: str | None) -> Resolver:
    """The first header of this name, whatever its case, when it is there and not empty (RFC 9110, section 5.1).

    `x-token:jwt:sub` is that claim of the JSON Web Token in the header `x-token`. Of Basic credentials it is the name:
    a password is no part of an id.

    Raises:
        ConfigurationError: the name is missing, or none that a header can have.
    """
    named, claim_in = named_value("header", argument, "the name of a header", "x-api-key")
    wanted = named.lower()
    say_that_it_changes = signed_data_notice(f"header:{wanted.decode()}")
    credentials = wanted in _CREDENTIALS

    def header_value(scope: Scope) -> str | None:
        for name, value in scope.get("headers", ()):
            if name == wanted:
                if claim_in is not None:
                    return claim_in(value)
                if credentials and is_basic(value):
                    return name_in(value)
                if value.startswith(SIGNED_DATA):
                    say_that_it_changes()
                return value.decode("utf-8", "surrogateescape") or None
        return None

    return header_value
