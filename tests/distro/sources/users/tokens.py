"""Bearer tokens as an issuer makes them."""

import base64


def base64url(part: bytes) -> bytes:
    """RFC 7515, section 2: without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def bearer(payload: bytes, signature: bytes = b"signature") -> bytes:
    """The `Authorization` header of a token with this payload."""
    return b"Bearer " + b".".join(map(base64url, (b'{"alg":"RS256"}', payload, signature)))
