"""The protobuf wire format, as far as OTLP's metrics need it.

Source: protobuf.dev, "Encoding". A message object for each user would cost ten times as much, in the process that
serves the requests.
"""

from collections.abc import Iterator, Sequence
from struct import pack

VARINT = 0
FIXED64 = 1
LENGTH_DELIMITED = 2
FIXED32 = 5

_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10


def varint(value: int) -> bytes:
    """A whole number from 0 on, 7 bits a byte, the lowest first."""
    if value <= 0x7F:
        return _ONE_BYTE[value]
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


_ONE_BYTE = tuple(bytes((value,)) for value in range(0x80))


def tag(field: int, wire_type: int) -> bytes:
    """What stands before the value of a field."""
    return varint(field << 3 | wire_type)


def number(field: int, value: int) -> bytes:
    """A field of an integer from 0 on, or of an enumeration."""
    return tag(field, VARINT) + varint(value)


def signed(field: int, value: int) -> bytes:
    """A field of an integer of 32 bits of which small negative ones are short (`sint32`)."""
    return number(field, value << 1 if value >= 0 else ~(value << 1))


def boolean(field: int, value: bool) -> bytes:
    """A field of a boolean."""
    return number(field, 1 if value else 0)


def double(field: int, value: float) -> bytes:
    """A field of a floating-point number."""
    return tag(field, FIXED64) + pack("<d", value)


def text(field: int, value: str) -> bytes:
    """A field of a string."""
    encoded = value.encode("utf-8", "replace")
    return length_delimited(field, len(encoded)) + encoded


def length_delimited(field: int, length: int) -> bytes:
    """What stands before a string, bytes or message of this length."""
    return tag(field, LENGTH_DELIMITED) + varint(length)


def message(field: int, parts: Sequence[bytes]) -> list[bytes]:
    """A field of a message that is given in parts, again in parts: the long ones are copied once, at the end."""
    return [length_delimited(field, sum(map(len, parts))), *parts]


def fields(encoded: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message by their numbers, as an integer or as bytes.

    Raises:
        ValueError: it is not a message.
    """
    position = 0
    while position < len(encoded):
        key, position = _read_varint(encoded, position)
        wire_type = key & 7
        if wire_type == VARINT:
            value, position = _read_varint(encoded, position)
            yield key >> 3, value
            continue
        if wire_type == LENGTH_DELIMITED:
            size, position = _read_varint(encoded, position)
        else:
            size = _FIXED_SIZES.get(wire_type, len(encoded))
        end = position + size
        if end > len(encoded):
            raise ValueError("a field ends beyond its message")
        yield key >> 3, encoded[position:end]
        position = end


def _read_varint(encoded: bytes, position: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(encoded[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte <= 0x7F:
            return value, position + place + 1
    raise ValueError("a number has no end")
