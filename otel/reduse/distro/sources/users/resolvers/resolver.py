"""What a resolver is, for those built in and for plug-ins."""

import re
from collections.abc import Callable, MutableMapping
from typing import Any

from reduse.distro.base.errors import ConfigurationError

SETTING = "REDUSE_USER_RESOLVERS"

Scope = MutableMapping[str, Any]

# The scope of an HTTP request that has been answered (ASGI, "HTTP connection scope"); an id, or None for "not known
# to me". It runs in the event loop, once a request: it must not wait and should not raise.
#
# A resolver with a true attribute `verified` does not take the request's own word for who sent it: its answer counts
# whatever the request was answered. All others make claims, see `acceptance`.
Resolver = Callable[[Scope], str | None]

# Makes a resolver from what stands behind the colon in the setting; None when there is no colon.
ResolverFactory = Callable[[str | None], Resolver]

# RFC 9110, section 5.6.2: the characters of a field name, and by RFC 6265, section 4.1.1, of a cookie's.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def verified(resolver: Resolver) -> Resolver:
    """The same resolver, marked as one that does not take the request's own word."""
    resolver.verified = True  # type: ignore[attr-defined]
    return resolver


def is_verified(resolver: Resolver) -> bool:
    """Whether what the resolver says is more than the request's own word."""
    return bool(getattr(resolver, "verified", False))


def refuse_argument(name: str, argument: str | None) -> None:
    """Raise ConfigurationError when a resolver that takes no argument is given one."""
    if argument is not None:
        raise ConfigurationError(f"{SETTING}: {name} takes no argument: write {name} instead of {name}:{argument}")


def required(name: str, argument: str | None, meaning: str, example: str) -> str:
    """The argument of a resolver that needs one.

    Raises:
        ConfigurationError: it is missing.
    """
    if not argument:
        raise ConfigurationError(f"{SETTING}: {name} needs {meaning}: use e.g. {name}:{example}")
    return argument


def required_token(name: str, argument: str | None, meaning: str, example: str) -> bytes:
    """The argument of a resolver that needs one of the characters that HTTP allows in a name.

    Raises:
        ConfigurationError: it is missing or has other characters.
    """
    token = required(name, argument, meaning, example)
    if not _TOKEN.fullmatch(token):
        raise ConfigurationError(f"{SETTING}: {name}:{token} does not have {meaning}: use e.g. {name}:{example}")
    return token.encode("ascii")
