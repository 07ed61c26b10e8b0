"""The protobuf wire format, as far as one metric of many like points needs it.

Source: protobuf.dev, "Encoding". A message object for each user would cost ten times as much, in the process that
serves the requests.
"""

from collections.abc import Sequence

_LENGTH_DELIMITED = 2
_VARINT = 0


def varint(value: int) -> bytes:
    """A whole number from 0 on, 7 bits a byte, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def tag(field: int, wire_type: int) -> bytes:
    """What stands before the value of a field."""
    return varint(field << 3 | wire_type)


def number(field: int, value: int) -> bytes:
    """A field of an integer or enumeration."""
    return tag(field, _VARINT) + varint(value)


def text(field: int, value: str) -> bytes:
    """A field of a string."""
    encoded = value.encode("utf-8", "replace")
    return length_delimited(field, len(encoded)) + encoded


def length_delimited(field: int, length: int) -> bytes:
    """What stands before a string, bytes or message of this length."""
    return tag(field, _LENGTH_DELIMITED) + varint(length)


def message(field: int, parts: Sequence[bytes]) -> list[bytes]:
    """A field of a message that is given in parts, again in parts: the long ones are copied once, at the end."""
    return [length_delimited(field, sum(map(len, parts))), *parts]
