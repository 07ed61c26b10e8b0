"""Users by their own ids: for ids that are no secret."""

import hashlib

LONGEST_ID = 128
DIGEST_DIGITS = 32


def plain(user_id: str) -> str:
    """The id as it is, fit for OTLP.

    One of more than `LONGEST_ID` characters becomes `sha256:` and the first 32 hex digits of its SHA-256, so that
    each user stays one user and whoever sends long ids cannot fill the memory. What is not Unicode (lone surrogates)
    becomes `?`: OTLP strings are UTF-8.
    """
    if len(user_id) > LONGEST_ID:
        return "sha256:" + hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]
    return user_id if user_id.isascii() else user_id.encode("utf-8", "replace").decode()
