"""The user as the Basic scheme of HTTP names it: the name, never the password."""

import binascii

from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, refuse_argument

LONGEST_CREDENTIALS = 8_192

_SCHEME = b"basic "


def basic(argument: str | None) -> Resolver:
    """The name in `Authorization: Basic` (RFC 7617), when it is there and not empty.

    Raises:
        ConfigurationError: there is an argument.
    """
    refuse_argument("basic", argument)
    return basic_name


def basic_name(scope: Scope) -> str | None:
    """The name in the first `Authorization` header."""
    for name, value in scope.get("headers", ()):
        if name == b"authorization":
            return name_in(value) if is_basic(value) else None
    return None


def is_basic(authorization: bytes) -> bool:
    """Whether these are credentials of the Basic scheme."""
    return authorization[: len(_SCHEME)].lower() == _SCHEME


def name_in(authorization: bytes) -> str | None:
    """The name in credentials of the Basic scheme; nothing of them is remembered. None when they are malformed."""
    if len(authorization) > LONGEST_CREDENTIALS:
        return None
    try:
        credentials = binascii.a2b_base64(authorization[len(_SCHEME) :].strip(), strict_mode=True)
    except ValueError:
        return None
    name, colon, _ = credentials.partition(b":")
    return name.decode("utf-8", "surrogateescape") or None if colon else None
