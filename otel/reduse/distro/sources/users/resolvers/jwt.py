"""The user as a claim of a JSON Web Token names it. The signature is the application's to verify."""

import binascii
import json
import re
from collections.abc import Callable
from functools import lru_cache

from reduse.distro.sources.users.resolvers.identifier import identifier, value_at
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, required

# Of the whole value. Servers take little more than this for all headers together.
LONGEST_AUTHORIZATION = 8_192

# 4 MB when full of usual tokens, 13 MB when full of the longest.
CACHED_TOKENS = 4_096
LONGEST_CACHED_AUTHORIZATION = 2_048

# OpenID Connect Core 1.0, section 2: "sub" has at most 255 characters.
LONGEST_CLAIM = 255

# RFC 9110, section 11.1: a scheme, whichever (`Bearer`, `Token`, `JWT`, `DPoP`); cookies have none as a rule.
# RFC 7515, section 7.1: header, payload and signature in base64url.
_TOKEN = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+ +)?[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]* *")
_BASE64 = bytes.maketrans(b"-_", b"+/")


def jwt(argument: str | None) -> Resolver:
    """A claim of the JSON Web Token (RFC 7519) in `Authorization`, whatever the scheme.

    The signature is not verified, so the claim counts only where the answer shows that the application believed it.

    Raises:
        ConfigurationError: the name of the claim is missing.
    """
    claim_in = claim_reader(required("jwt", argument, "the name of a claim", "sub"))

    def authorization_claim(scope: Scope) -> str | None:
        for name, value in scope.get("headers", ()):
            if name == b"authorization":
                return claim_in(value)
        return None

    return authorization_claim


def claim_reader(claim: str) -> Callable[[bytes], str | None]:
    """`claim_of` for one claim. A token that was seen before costs one look-up."""

    @lru_cache(maxsize=CACHED_TOKENS)
    def remembered(token: bytes) -> str | None:
        return claim_of(token, claim)

    def claim_in(token: bytes) -> str | None:
        return remembered(token) if len(token) <= LONGEST_CACHED_AUTHORIZATION else claim_of(token, claim)

    return claim_in


def claim_of(token: bytes, claim: str) -> str | None:
    """A claim of a token, which may have a scheme before it; None for anything that is not as it should be.

    The claim is text that is not empty or a whole number: RFC 7519 wants text for `sub`, and many issuers give the
    number of a row. `user.id` is the claim of that name, or else `id` within `user`.
    """
    if len(token) > LONGEST_AUTHORIZATION:
        return None
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    payload = found[1].translate(_BASE64)
    try:
        claims = json.loads(binascii.a2b_base64(payload + b"=" * (-len(payload) % 4)).decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    value = identifier(claims[claim] if claim in claims else value_at(claims, claim.split(".")))
    return value if value is not None and len(value) <= LONGEST_CLAIM else None
