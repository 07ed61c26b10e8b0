"""Points whose encodings are equal but for their values, read all at once.

Whoever encodes per-user points gives each the same fields in the same order, and all values have a fixed size: so the
encodings are equally long, and their tags and lengths stand at the same places. What stands there decides how bytes are
to be read; where it is the same as in a point that was understood, the values stand at the same places too. Tens of
thousands of points are then compared and read as one array. Points of another encoding are left to protobuf.

Source: Protocol Buffers, "Encoding".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Kind
from reduse.processor.otlp.hashes import HASH_DIGITS, parse_digits
from reduse.processor.otlp.points import NO_RECORDED_VALUE, USER, Points

# Tags are a field's number times 8, and its wire type: 1 is eight bytes, 2 has a length before it, 0 is a varint.
_EIGHT_BYTES = 8
_VALUES = {0x11: "starts", 0x19: "times", 0x21: "counts", 0x29: "seconds"}
_MINIMUM, _MAXIMUM = 0x59, 0x61
_BUCKET_COUNTS, _EXPLICIT_BOUNDS = 0x32, 0x3A
_ATTRIBUTE = 0x4A
_FLAGS = 0x50

# The fields of a KeyValue { key: "user.hash", value: AnyValue { string_value: 16 digits } }, the digits left out.
_KEY = b"\x0a" + bytes([len(USER)]) + USER
_VALUE = bytes([0x12, 2 + HASH_DIGITS, 0x0A, HASH_DIGITS])
_ATTRIBUTE_LENGTH = len(_KEY) + len(_VALUE) + HASH_DIGITS

# Lengths and flags below are one byte.
_ONE_BYTE = 0x80

# How many points are compared first; when all are alike, eight times as many.
_FIRST_POINTS = 64
_GROWTH = 8

_FORMATS = {"starts": "<u8", "times": "<u8", "counts": "<u8", "seconds": "<f8", "digits": f"({HASH_DIGITS},)u1"}
_NEEDED = frozenset(_FORMATS)

# What decides how to read is compared in pieces of so many bytes.
_WIDTHS = (8, 4, 2, 1)


# Making one costs as much as reading a thousand points. Services of one version have the same.
_LAYOUTS = 64


class _Span(NamedTuple):
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How one point is encoded, the tag and the length before it included.

    `record` tells where the values are, and by `structure` where the bytes that decide how to read: field and content.
    """

    record: np.dtype[np.void]
    structure: Mapping[str, int]
    valued: bool

    @property
    def size(self) -> int:
        return self.record.itemsize

    def alike(self, data: memoryview) -> int:
        """How many points of this layout stand one after another at the beginning of `data`."""
        most = len(data) // self.size
        found, length = 0, _FIRST_POINTS
        while found < most:
            number = min(length, most - found)
            rows: Any = np.frombuffer(data, self.record, number, found * self.size)
            same = np.ones(number, np.bool_)
            for name, content in self.structure.items():
                same &= rows[name] == content
            if not same.all():
                return found + int(same.argmin())
            found += number
            length *= _GROWTH
        return found

    def read(self, data: memoryview, number: int) -> Points:
        """The first `number` points, which are alike."""
        rows: Any = np.frombuffer(data, self.record, number)
        users, well_formed = parse_digits(rows["digits"])
        starts, times, counts, seconds = (np.ascontiguousarray(rows[name]) for name in _VALUES.values())
        kinds = np.full(number, Kind.USER, np.uint8)
        return Points(kinds, users, well_formed, starts, times, counts, seconds, np.full(number, self.valued, np.bool_))


def layout_of(encoded: bytes, header: int) -> Layout | None:
    """The layout of a per-user point, whose tag and length take `header` bytes; None when it has no fixed one."""
    spans: dict[str, _Span] = {}
    ignored: list[_Span] = []
    flags = 0
    at = header
    while at < len(encoded):
        tag, begin = encoded[at], at + 1
        if tag in _VALUES or tag in (_MINIMUM, _MAXIMUM):
            at = begin + _EIGHT_BYTES
            name = _VALUES.get(tag)
        elif begin >= len(encoded) or encoded[begin] >= _ONE_BYTE:
            return None
        elif tag == _FLAGS:
            flags, at = encoded[begin], begin + 1
            continue
        else:
            at = begin + 1 + encoded[begin]
            name, begin = _length_delimited(encoded, tag, begin + 1, at)
            if not name:
                return None
        if at > len(encoded) or name in spans:
            return None
        if name in _NEEDED:
            spans[name] = _Span(begin, begin + (HASH_DIGITS if name == "digits" else _EIGHT_BYTES))
        else:
            ignored.append(_Span(begin, at))
    if spans.keys() != _NEEDED:
        return None
    values = tuple(sorted((span, name) for name, span in spans.items()))
    structure = bytearray(encoded)
    for begin, end in (*spans.values(), *ignored):
        structure[begin:end] = bytes(end - begin)
    return _layout(bytes(structure), values, tuple(ignored), valued=not flags & NO_RECORDED_VALUE)


def _length_delimited(encoded: bytes, tag: int, begin: int, end: int) -> tuple[str, int]:
    """(what it is, where its value begins); nothing for what has no fixed layout."""
    if tag == _ATTRIBUTE:
        attribute = encoded[begin:end]
        if len(attribute) != _ATTRIBUTE_LENGTH:
            return "", begin
        if attribute.startswith(_KEY + _VALUE):
            return "digits", begin + len(_KEY) + len(_VALUE)
        # The collector writes the value first.
        if attribute.startswith(_VALUE) and attribute.endswith(_KEY):
            return "digits", begin + len(_VALUE)
        return "", begin
    if tag in (_BUCKET_COUNTS, _EXPLICIT_BOUNDS):
        return "ignored", begin
    return "", begin


@lru_cache(_LAYOUTS)
def _layout(
    encoded: bytes, values: tuple[tuple[_Span, str], ...], ignored: tuple[_Span, ...], *, valued: bool
) -> Layout:
    """`encoded` has zeros where values are."""
    fields = {name: (_FORMATS[name], span.begin) for span, name in values}
    structure: dict[str, int] = {}
    at = 0
    for begin, end in [*sorted([*(span for span, _ in values), *ignored]), _Span(len(encoded), len(encoded))]:
        while at < begin:
            width = max(width for width in _WIDTHS if width <= begin - at)
            name = f"structure at {at}"
            fields[name] = (f"<u{width}", at)
            structure[name] = int.from_bytes(encoded[at : at + width], "little")
            at += width
        at = end
    formats, offsets = zip(*fields.values(), strict=True)
    return Layout(
        np.dtype({"names": list(fields), "formats": formats, "offsets": offsets, "itemsize": len(encoded)}),
        structure,
        valued,
    )
