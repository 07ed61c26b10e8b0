"""The Idempotency-Key header: a request sent again with its key takes effect once."""

import hashlib
from typing import Annotated

from fastapi import Header, HTTPException, status
from pydantic import BaseModel

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


def digest_with_key(key: str | None, body: BaseModel) -> bytes | None:
    """SHA-256 of the body as it was understood, 32 bytes; None without a key."""
    return None if key is None else hashlib.sha256(body.model_dump_json().encode()).digest()


def refuse_other_body(stored: bytes, digest: bytes | None) -> None:
    """422 when a key comes back with another body than it came with first."""
    if bytes(stored) != digest:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, "this Idempotency-Key was used with another body: use a new key"
        )
