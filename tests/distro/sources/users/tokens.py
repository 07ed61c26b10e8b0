"""Tokens as an issuer makes them, and as an application verifies them."""

import base64
import hashlib
import hmac
import json
from typing import Any


class BadTokenError(Exception):
    """No token of ours."""


def base64url(part: bytes) -> bytes:
    """RFC 7515, section 2: without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def bearer(payload: bytes, signature: bytes = b"signature") -> bytes:
    """The `Authorization` header of a token with this payload."""
    return b"Bearer " + b".".join(map(base64url, (b'{"alg":"RS256"}', payload, signature)))


def signed(claims: dict[str, Any], key: str) -> str:
    """A token of these claims by HS256 (RFC 7518, section 3.2)."""
    content = b".".join(map(base64url, (b'{"alg":"HS256"}', json.dumps(claims).encode())))
    return b".".join((content, base64url(_signature(content, key)))).decode()


def verified_claims(token: str, key: str) -> dict[str, Any]:
    """The claims of a token.

    Raises:
        BadTokenError: it is none, or has a signature by another key.
    """
    content, _, signature = token.encode().rpartition(b".")
    if not hmac.compare_digest(signature, base64url(_signature(content, key))):
        raise BadTokenError
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(content.partition(b".")[2] + b"=="))
    return claims


def _signature(content: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), content, hashlib.sha256)
