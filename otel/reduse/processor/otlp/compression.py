"""gzip bodies, opened no further than a bound."""

from __future__ import annotations

import zlib

# RFC 1952 framing and nothing else.
_GZIP = 16 + zlib.MAX_WBITS


class TooLargeError(Exception):
    """More bytes than the bound."""


class CorruptError(Exception):
    """Not one whole gzip member."""


def gunzip(body: bytes, limit: int) -> bytes:
    """At most `limit` bytes; of a bomb no more than that is ever in memory. Raises TooLargeError, CorruptError."""
    stream = zlib.decompressobj(_GZIP)
    try:
        opened = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise CorruptError("the body is not gzip") from error
    if len(opened) > limit:
        raise TooLargeError(f"more than {limit} bytes after decompression")
    if not stream.eof:
        raise CorruptError("the gzip body is incomplete")
    if stream.unused_data:
        # A second member is legal in a file; no sender makes one, and millions of empty ones would cost much.
        raise CorruptError("the gzip body has data after its end")
    return opened
