"""The user as a claim of the request's bearer token names it. The signature is the application's to verify."""

import binascii
import json
import re
from functools import lru_cache

from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, required

# Of the whole header. Servers take little more than this for all headers together.
LONGEST_AUTHORIZATION = 8_192

# 4 MB when full of usual tokens, 13 MB when full of the longest.
CACHED_TOKENS = 4_096
LONGEST_CACHED_AUTHORIZATION = 2_048

# OpenID Connect Core 1.0, section 2: "sub" has at most 255 characters.
LONGEST_CLAIM = 255

# RFC 9110, section 11.1: the scheme in any case. RFC 7515, section 7.1: header, payload and signature in base64url.
_BEARER_TOKEN = re.compile(rb"bearer +[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]* *", re.IGNORECASE)
_BASE64 = bytes.maketrans(b"-_", b"+/")


def jwt(argument: str | None) -> Resolver:
    """A claim of the JSON Web Token (RFC 7519) in `Authorization: Bearer`, when it is a string that is not empty.

    The signature is not verified: an application that refuses a token answers 401, and then nobody is named. A token
    that was seen before costs one look-up.

    Raises:
        ConfigurationError: the name of the claim is missing.
    """
    claim = required("jwt", argument, "the name of a claim", "sub")

    @lru_cache(maxsize=CACHED_TOKENS)
    def remembered(authorization: bytes) -> str | None:
        return claim_of(authorization, claim)

    def bearer_claim(scope: Scope) -> str | None:
        for name, value in scope.get("headers", ()):
            if name == b"authorization":
                return remembered(value) if len(value) <= LONGEST_CACHED_AUTHORIZATION else claim_of(value, claim)
        return None

    return bearer_claim


def claim_of(authorization: bytes, claim: str) -> str | None:
    """A claim of the token in this `Authorization` header; None for anything that is not as it should be."""
    if len(authorization) > LONGEST_AUTHORIZATION:
        return None
    token = _BEARER_TOKEN.fullmatch(authorization)
    if token is None:
        return None
    payload = token[1].translate(_BASE64)
    try:
        claims = json.loads(binascii.a2b_base64(payload + b"=" * (-len(payload) % 4)).decode())
    except (ValueError, RecursionError):
        return None
    value = claims.get(claim) if isinstance(claims, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_CLAIM else None
