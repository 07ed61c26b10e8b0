"""`cookie:NAME:jwt:CLAIM` and `header:NAME:jwt:CLAIM`: what the value of a cookie or header has in it."""

from collections.abc import Callable

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.sources.users.resolvers.jwt import claim_reader
from reduse.distro.sources.users.resolvers.resolver import SETTING, required_token

ValueReader = Callable[[bytes], str | None]


def named_value(resolver: str, argument: str | None, meaning: str, example: str) -> tuple[bytes, ValueReader | None]:
    """The name in the argument, and what reads the claim of the token in its value; None when the value itself counts.

    Raises:
        ConfigurationError: the name is missing or none, or something else than a claim is asked for.
    """
    name, colon, within = (argument or "").partition(":")
    wanted = required_token(resolver, name.strip(), meaning, example)
    if not colon:
        return wanted, None
    kind, _, claim = within.partition(":")
    if kind.strip() != "jwt" or not claim.strip():
        raise ConfigurationError(
            f"{SETTING}: {resolver}:{argument} is invalid: use {resolver}:{example}, or "
            f"{resolver}:{example}:jwt:sub for a claim of the JSON Web Token in it"
        )
    return wanted, claim_reader(claim.strip())
