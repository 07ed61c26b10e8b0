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
from google.protobuf.message import DecodeError

from reduse.otlp import HistogramPoint
from reduse.processor.core.columns import Int64, Kind, UInt8, UInt64
from reduse.processor.otlp.hashes import parse_digits
from reduse.processor.otlp.points import NO_RECORDED_VALUE, USER, Points, read_class
from reduse.processor.otlp.protobuf import fixed64, length_delimited
from reduse.processor.otlp.rows import WORD_BYTES, alike, read_words
from reduse.processor.otlp.schema import KeyValue
from reduse.wire import HASH_DIGITS, RequestClass

_VALUES = {
    fixed64(HistogramPoint.START_TIME): "starts",
    fixed64(HistogramPoint.TIME): "times",
    fixed64(HistogramPoint.COUNT): "counts",
    fixed64(HistogramPoint.SUM): "sums",
}
_MINIMUM, _MAXIMUM = fixed64(HistogramPoint.MIN), fixed64(HistogramPoint.MAX)
_BUCKET_COUNTS = length_delimited(HistogramPoint.BUCKET_COUNTS)
_EXPLICIT_BOUNDS = length_delimited(HistogramPoint.EXPLICIT_BOUNDS)
_ATTRIBUTE = length_delimited(HistogramPoint.ATTRIBUTES)
# A varint.
_FLAGS = HistogramPoint.FLAGS << 3

# The fields of a KeyValue { key: "user.hash", value: AnyValue { string_value: 16 digits } }, the digits left out.
_KEY = b"\x0a" + bytes([len(USER)]) + USER
_VALUE = bytes([0x12, 2 + HASH_DIGITS, 0x0A, HASH_DIGITS])
_ATTRIBUTE_LENGTH = len(_KEY) + len(_VALUE) + HASH_DIGITS

# Lengths and flags below are one byte.
_ONE_BYTE = 0x80

_OF_NOBODY = frozenset(_VALUES.values())
_OF_USER = _OF_NOBODY | {"digits"}

# Making one costs as much as reading a thousand points. Services of one version have the same.
_LAYOUTS = 64


class _Span(NamedTuple):
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How one point is encoded, the tag and the length before it included: in `size` bytes.

    `kind` says whether it is one of a user or of nobody known. `places` tells where the values begin, and so does
    `values`: start, time, count, sum and the user's digits, if any. Of the bytes that decide how to read, eight at a
    time, `words` tells where they stand, `contents` what they are, and `masks` which of the eight count.
    """

    kind: Kind
    size: int
    places: Mapping[str, int]
    values: Int64
    words: UInt64
    contents: UInt64
    masks: UInt64
    valued: bool
    request_class: RequestClass

    def alike(self, data: UInt8) -> int:
        """How many points of this layout stand one after another at the beginning of `data`."""
        return alike(data, self.size, self.words, self.contents, self.masks)

    def read(self, data: UInt8, number: int) -> Points:
        """The first `number` points, which are alike."""
        if self.kind is Kind.USER:
            users, well_formed = parse_digits(data, self.size, self.places["digits"], number)
        else:
            users, well_formed = np.zeros(number, np.uint64), np.ones(number, np.bool_)
        starts, times, counts, sums = (self._words(data, number, name) for name in _VALUES.values())
        kinds, valued = np.full(number, self.kind, np.uint8), np.full(number, self.valued, np.bool_)
        return Points(kinds, users, well_formed, starts, times, counts, sums.view(np.float64), valued)

    def _words(self, data: UInt8, number: int, name: str) -> UInt64:
        words = np.empty(number, np.uint64)
        read_words(data, self.size, self.places[name], words)
        return words


def layout_of(encoded: bytes, header: int) -> Layout | None:
    """The layout of a point, whose tag and length take `header` bytes; None when it has no fixed one.

    It is one of a user, or of nobody known.
    """
    spans: dict[str, _Span] = {}
    ignored: list[_Span] = []
    others: dict[bytes, Any] = {}
    flags = 0
    at = header
    while at < len(encoded):
        tag, begin = encoded[at], at + 1
        if tag in _VALUES or tag in (_MINIMUM, _MAXIMUM):
            at = begin + WORD_BYTES
            name = _VALUES.get(tag)
        elif begin >= len(encoded) or encoded[begin] >= _ONE_BYTE:
            return None
        elif tag == _FLAGS:
            flags, at = encoded[begin], begin + 1
            continue
        else:
            at = begin + 1 + encoded[begin]
            name, begin = _length_delimited(encoded, tag, begin + 1, at)
            if not name and not (tag == _ATTRIBUTE and _add_attribute(encoded[begin:at], others)):
                return None
            if not name:
                # The same in all points of this layout.
                continue
        if at > len(encoded) or name in spans:
            return None
        if name in _OF_USER:
            spans[name] = _Span(begin, begin + (HASH_DIGITS if name == "digits" else WORD_BYTES))
        else:
            ignored.append(_Span(begin, at))
    request_class = read_class(others)
    if request_class is None or not (spans.keys() == _OF_USER or (spans.keys() == _OF_NOBODY and not others)):
        return None
    valued = not flags & NO_RECORDED_VALUE
    return _layout(encoded, tuple(spans.items()), tuple(ignored), request_class, valued=valued)


def _add_attribute(encoded: bytes, attributes: dict[bytes, Any]) -> bool:
    """Read one that is not the user's; False when it cannot be read, or is there already."""
    try:
        attribute = KeyValue.FromString(encoded)
    except DecodeError:
        return False
    if attribute.key in attributes:
        return False
    attributes[attribute.key] = attribute.value
    return True


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


def _layout(
    encoded: bytes,
    values: tuple[tuple[str, _Span], ...],
    ignored: tuple[_Span, ...],
    request_class: RequestClass,
    *,
    valued: bool,
) -> Layout:
    structure, mask = bytearray(encoded), bytearray(b"\xff" * len(encoded))
    for begin, end in (*(span for _, span in values), *ignored):
        structure[begin:end] = mask[begin:end] = bytes(end - begin)
    places = tuple((name, span.begin) for name, span in values)
    return _made(bytes(structure), bytes(mask), places, request_class, valued=valued)


@lru_cache(_LAYOUTS)
def _made(
    structure: bytes, mask: bytes, places: tuple[tuple[str, int], ...], request_class: RequestClass, *, valued: bool
) -> Layout:
    """Both have zeros where values are."""
    words: list[int] = []
    for at in range(len(mask)):
        if mask[at] and (not words or at >= words[-1] + WORD_BYTES):
            words.append(min(at, len(mask) - WORD_BYTES))

    def at_words(content: bytes) -> UInt64:
        return np.array([int.from_bytes(content[at : at + WORD_BYTES], "little") for at in words], np.uint64)

    all_words = np.array(words, np.uint64), at_words(structure), at_words(mask)
    of = dict(places)
    kind = Kind.USER if "digits" in of else Kind.ANONYMOUS
    values = np.array([of[name] for name in (*_VALUES.values(), "digits") if name in of], np.int64)
    return Layout(kind, len(structure), of, values, *all_words, valued, request_class)
