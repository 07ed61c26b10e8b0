"""The points of one encoded histogram: those of one layout together, any other by protobuf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Kind
from reduse.processor.otlp.layout import Layout, layout_of
from reduse.processor.otlp.points import Points, joined, read_points
from reduse.processor.otlp.schema import HistogramDataPoint
from reduse.wire import MOST_POLICIES, RequestClass

_DATA_POINT = 0x0A
_TEMPORALITY = 0x10
_ONE_BYTE = 0x80
_VARINT_BYTES = 10

# Of each kind of point the layout that was met last: senders of one release have the same.
_newest: dict[Kind, Layout] = {}

# Of points of other layouts, so many are tried for one of their own: each class of requests has one. More would be an
# attempt to make us try.
_TRIED = 2 * (MOST_POLICIES + 1) + 8


class IrregularError(Exception):
    """Not what exporters write, though it may be valid: to be read by protobuf as a whole."""


def newest(kind: Kind) -> Layout | None:
    """The layout of such points that was met last."""
    return _newest.get(kind)


class Histogram(NamedTuple):
    points: Mapping[RequestClass, Points]
    temporality: int

    @property
    def number(self) -> int:
        """Of its points."""
        return sum(map(len, self.points.values()))


def read_histogram(encoded: bytes) -> Histogram:
    """Points by class, of each in their order, and the aggregation temporality.

    Raises:
        IrregularError: there is anything else in it.
        DecodeError: a point is not valid.
    """
    data, octets = memoryview(encoded), np.frombuffer(encoded, np.uint8)
    parts: dict[RequestClass, list[Points]] = {}
    singles: list[Any] = []
    layout = newest(Kind.USER)
    temporality = tried = at = 0
    while at < len(data):
        if data[at] == _TEMPORALITY:
            temporality, at = _small_varint(data, at + 1)
            continue
        if data[at] != _DATA_POINT:
            raise IrregularError
        alike = layout.alike(octets[at:]) if layout is not None else 0
        if layout is not None and alike:
            if singles:
                _add(parts, singles)
                singles = []
            parts.setdefault(layout.request_class, []).append(layout.read(octets[at:], alike))
            at += alike * layout.size
            continue
        length, begin = _varint(data, at + 1)
        end = begin + length
        if end > len(data):
            raise IrregularError
        if tried < _TRIED:
            tried += 1
            found = layout_of(bytes(data[at:end]), begin - at)
            if found is not None:
                layout = found
                _newest[found.kind] = found
                continue
        singles.append(HistogramDataPoint.FromString(data[begin:end]))
        at = end
    if singles:
        _add(parts, singles)
    return Histogram({request_class: joined(of_class) for request_class, of_class in parts.items()}, temporality)


def _add(parts: dict[RequestClass, list[Points]], points: Sequence[Any]) -> None:
    for request_class, of_class in read_points(points).items():
        parts.setdefault(request_class, []).append(of_class)


def _small_varint(data: memoryview, at: int) -> tuple[int, int]:
    value, after = _varint(data, at)
    if value >= _ONE_BYTE:
        raise IrregularError
    return value, after


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """(value, where it ends)."""
    value = 0
    for number, octet in enumerate(data[at : at + _VARINT_BYTES]):
        value |= (octet & 0x7F) << (7 * number)
        if octet < _ONE_BYTE:
            return value, at + number + 1
    raise IrregularError
