"""What protobuf writes before a field of its own length."""

from __future__ import annotations

from functools import lru_cache

# Of the last bits of a tag: a field of eight bytes, or of a length that is said before it.
FIXED64, LENGTH_DELIMITED = 1, 2

_CONTINUED = 0x80
_SIZES_KEPT = 4096


def fixed64(field: int) -> int:
    """The byte before a value of eight bytes, of a field with a number up to 15."""
    return field << 3 | FIXED64


def length_delimited(field: int) -> int:
    """The byte before a length, of a field with a number up to 15."""
    return field << 3 | LENGTH_DELIMITED


@lru_cache(_SIZES_KEPT)
def prefix(field: int, size: int) -> bytes:
    """The tag of a field with a number up to 15, and its length."""
    octets = [length_delimited(field)]
    while size >= _CONTINUED:
        octets.append(size % _CONTINUED | _CONTINUED)
        size //= _CONTINUED
    return bytes([*octets, size])


def delimited(field: int, *parts: bytes) -> bytes:
    """The parts, one after another, as such a field."""
    return b"".join((prefix(field, sum(map(len, parts))), *parts))
