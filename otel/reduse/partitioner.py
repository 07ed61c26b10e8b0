"""Which partition a record's key goes to, as all clients of Kafka find it."""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_MULTIPLIER = 0x5BD1E995
_SEED = 0x9747B28C


def hash_of(key: bytes) -> int:
    """As Kafka's own client does it, murmur2 without the sign: the partition is the rest by their number."""
    return murmur2(key) & 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2 of 32 bits (Austin Appleby, public domain) with the seed that Kafka's `Utils.murmur2` has."""
    length = len(data)
    hashed = _SEED ^ length
    for at in range(0, length - length % 4, 4):
        block = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _MASK
        block = (block ^ block >> 24) * _MULTIPLIER & _MASK
        hashed = hashed * _MULTIPLIER & _MASK ^ block
    if rest := data[length - length % 4 :]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    hashed = (hashed ^ hashed >> 13) * _MULTIPLIER & _MASK
    return hashed ^ hashed >> 15
