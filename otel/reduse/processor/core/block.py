"""Exports as bytes with a header of fixed layout: most of them have a hundred points, and JSON would take longer.

Header, little-endian: BLOCK, when the exports came, how many they are, the bytes of each count, sum and start. Of each
export: start, time, points, the bytes of both names, and flags: its points have starts of their own, are throttled, are
under a policy; then the names of service and instance, and of the policy with its length before it. The columns follow,
each of all exports: users, counts, microseconds, later starts, kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from reduse.processor.core.columns import Export, Int64, Stream, UInt8, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.core.packing import sealed
from reduse.wire import PLAIN, RequestClass

# What a header begins with; JSON never does.
BLOCK = 1

_UNEVEN, _THROTTLED, _POLICY = 1, 2, 4

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
    if len(exports) == 1:
        (one,) = exports
        kinds, users, counts, microseconds = one.kinds, one.users, one.counts, one.microseconds
    else:
        kinds = np.concatenate([export.kinds for export in exports])
        users = np.concatenate([export.users for export in exports])
        counts = np.concatenate([export.counts for export in exports])
        microseconds = np.concatenate([export.microseconds for export in exports])
    packed_counts, count_width = _narrowed(counts)
    packed_microseconds, microseconds_width = _narrowed(microseconds)
    packed_later, later_width = _narrowed(np.concatenate(later)) if later else (b"", 1)
    header = [_HEAD.pack(BLOCK, now, len(exports), count_width, microseconds_width, later_width)]
    for export in exports:
        service, instance = export.stream[0].encode(), export.stream[1].encode()
        sizes = len(export.kinds), len(service), len(instance)
        flags = _UNEVEN if export.starts is not None else 0
        if export.request_class == PLAIN:
            header += (_EXPORT.pack(export.start, export.time, *sizes, flags), service, instance)
            continue
        policy, throttled = export.request_class
        flags |= (_THROTTLED if throttled else 0) | (_POLICY if policy else 0)
        header += (_EXPORT.pack(export.start, export.time, *sizes, flags), service, instance)
        if policy:
            header += (bytes([len(policy)]), policy.encode())
    columns = (users.tobytes(), packed_counts, packed_microseconds, packed_later, kinds.tobytes())
    return b"".join(sealed(b"".join(header), [b"".join(columns)]))


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


def unpack_block(header: bytes, body: memoryview) -> tuple[list[Export], int]:
    """(the exports, when they came) of the parts that were sealed."""
    _, now, number, count_width, microseconds_width, later_width = _HEAD.unpack_from(header)
    keys, points, uneven = _keys(header, number)
    at_counts = 8 * points
    at_microseconds = at_counts + points * count_width
    at_later = at_microseconds + points * microseconds_width
    # Copies: what is read is not aligned, and cannot be written.
    users = np.frombuffer(body, _USERS, points).astype(np.uint64)
    counts = np.frombuffer(body, _PACKED[count_width], points, at_counts).astype(np.int64)
    microseconds = np.frombuffer(body, _PACKED[microseconds_width], points, at_microseconds).astype(np.int64)
    kinds = np.frombuffer(body, np.uint8, points, at_later + uneven * later_width).copy()
    if number == 1 and not keys[0].uneven:
        # Nearly always.
        stream, start, time, _, _, request_class = keys[0]
        return [Export(stream, start, time, kinds, users, counts, microseconds, None, request_class)], now
    later = np.frombuffer(body, _PACKED[later_width], uneven, at_later).astype(np.int64)
    return list(_split(keys, kinds, users, counts, microseconds, later)), now


class _Key(NamedTuple):
    """What the header says of an export."""

    stream: Stream
    start: int
    time: int
    points: int
    uneven: bool
    request_class: RequestClass


def _keys(header: bytes, number: int) -> tuple[list[_Key], int, int]:
    """(of each export, all points, and those of them whose starts are told)."""
    keys: list[_Key] = []
    at, all_points, all_uneven = _HEAD.size, 0, 0
    for _ in range(number):
        start, time, points, service, instance, flags = _EXPORT.unpack_from(header, at)
        begin = at + _EXPORT.size
        middle = begin + service
        at = middle + instance
        stream = Stream(header[begin:middle].decode(), header[middle:at].decode())
        request_class = PLAIN
        if flags > _UNEVEN:
            policy = ""
            if flags & _POLICY:
                begin, at = at + 1, at + 1 + header[at]
                policy = header[begin:at].decode()
            request_class = RequestClass(policy, bool(flags & _THROTTLED))
        uneven = bool(flags & _UNEVEN)
        keys.append(_Key(stream, start, time, points, uneven, request_class))
        all_points += points
        all_uneven += points if uneven else 0
    return keys, all_points, all_uneven


def _split(
    keys: Sequence[_Key], kinds: UInt8, users: UInt64, counts: Int64, microseconds: Int64, later: Int64
) -> Iterator[Export]:
    begin = begin_later = 0
    for stream, start, time, points, uneven, request_class in keys:
        rows, starts = slice(begin, begin + points), None
        if uneven:
            starts = start + later[begin_later : begin_later + points]
            begin_later += points
        columns = kinds[rows], users[rows], counts[rows], microseconds[rows]
        yield Export(stream, start, time, *columns, starts, request_class)
        begin += points
