"""Exports as bytes with a header of fixed layout: most of them have a hundred points, and JSON would take longer.

Header, little-endian: BLOCK, when the exports came, how many they are, the bytes of each count, sum and start. Of each
export: start, time, points, the bytes of both names, whether its points have starts of their own; then the names. The
columns follow, each of all exports: users, counts, microseconds, later starts, kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Export, Int64, Stream, UInt8, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.packing import sealed

# What a header begins with; JSON never does.
BLOCK = 1

_HEAD = Struct("<BqIBBB")
_EXPORT = Struct("<qqIHHB")
# Counts are small nearly always: by the bytes that all of a column fit into.
_PACKED: dict[int, np.dtype[np.integer[Any]]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<i8"),
}
_WIDTH_BY_BITS = [next(width for width in _PACKED if 8 * width >= bits) for bits in range(65)]
_USERS = np.dtype("<u8")


def pack_block(exports: Sequence[Export], now: int) -> bytes:
    """`now` (Unix ns): when they came."""
    later = [export.starts - export.start for export in exports if export.starts is not None]
    counts, count_width = _narrowed(_joined([export.counts for export in exports]))
    microseconds, microseconds_width = _narrowed(_joined([export.microseconds for export in exports]))
    later_starts, later_width = _narrowed(_joined(later)) if later else (b"", 1)
    header = [_HEAD.pack(BLOCK, now, len(exports), count_width, microseconds_width, later_width)]
    for export in exports:
        service, instance = export.stream[0].encode(), export.stream[1].encode()
        sizes = len(export.kinds), len(service), len(instance)
        header += (_EXPORT.pack(export.start, export.time, *sizes, export.starts is not None), service, instance)
    users, kinds = _joined([export.users for export in exports]), _joined([export.kinds for export in exports])
    columns = (users.tobytes(), counts, microseconds, later_starts, kinds.tobytes())
    return b"".join(sealed(b"".join(header), columns))


def _narrowed(column: Int64) -> tuple[bytes, int]:
    """(numbers, none of which is negative, in as few bytes as they need; how many each takes)."""
    width = _WIDTH_BY_BITS[_bits(column).bit_length()]
    return column.astype(_PACKED[width]).tobytes(), width


@compiled
def _bits(column: Int64) -> int:
    """As many bits as the largest number needs, and set somewhere among them."""
    bits = 0
    for number in column:
        bits |= number
    return bits


def _joined(columns: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


class _Key(NamedTuple):
    """What the header says of an export."""

    start: int
    time: int
    points: int
    stream: Stream
    uneven: bool


def unpack_block(header: bytes, body: memoryview) -> tuple[list[Export], int]:
    """(the exports, when they came) of the parts that were sealed."""
    _, now, number, count_width, microseconds_width, later_width = _HEAD.unpack_from(header)
    keys = _keys(header, number)
    points = sum([key.points for key in keys])
    # Copies: what is read is not aligned, and cannot be written.
    users = np.frombuffer(body, _USERS, points).astype(np.uint64)
    at = points * _USERS.itemsize
    counts = np.frombuffer(body, _PACKED[count_width], points, at).astype(np.int64)
    at += points * count_width
    microseconds = np.frombuffer(body, _PACKED[microseconds_width], points, at).astype(np.int64)
    at += points * microseconds_width
    if number == 1 and not keys[0].uneven:
        # Nearly always.
        kinds = np.frombuffer(body, np.uint8, points, at).copy()
        start, time, _, stream, _ = keys[0]
        return [Export(stream, start, time, kinds, users, counts, microseconds)], now
    uneven = sum([key.points for key in keys if key.uneven])
    later = np.frombuffer(body, _PACKED[later_width], uneven, at).astype(np.int64)
    kinds = np.frombuffer(body, np.uint8, points, at + uneven * later_width).copy()
    return list(_split(keys, kinds, users, counts, microseconds, later)), now


def _keys(header: bytes, number: int) -> list[_Key]:
    keys, at = [], _HEAD.size
    for _ in range(number):
        start, time, points, service, instance, uneven = _EXPORT.unpack_from(header, at)
        begin = at + _EXPORT.size
        middle = begin + service
        at = middle + instance
        keys.append(
            _Key(start, time, points, Stream(header[begin:middle].decode(), header[middle:at].decode()), uneven)
        )
    return keys


def _split(
    keys: Sequence[_Key], kinds: UInt8, users: UInt64, counts: Int64, microseconds: Int64, later: Int64
) -> Iterator[Export]:
    begin = begin_later = 0
    for start, time, points, stream, uneven in keys:
        rows, starts = slice(begin, begin + points), None
        if uneven:
            starts = start + later[begin_later : begin_later + points]
            begin_later += points
        yield Export(stream, start, time, kinds[rows], users[rows], counts[rows], microseconds[rows], starts)
        begin += points
