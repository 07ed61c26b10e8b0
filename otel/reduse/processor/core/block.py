"""Exports as bytes with a header of fixed layout: most of them have a hundred points, and JSON would take longer.

Header, little-endian: BLOCK, when the exports came, how many they are, the bytes of each count, sum and start. Of each
export: start, time, points, the bytes of both names, and flags: its points have starts of their own, are throttled, are
under a policy; then the names of service and instance, and of the policy with its length before it. The columns follow,
each of all exports: users, counts, microseconds, later starts, kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
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
# Where the names are, and nothing after them, of a single export without flags.
_ONE_NAMES = _HEAD.size + _EXPORT.size
# Counts are small nearly always: by the bytes that all of a column fit into.
_PACKED: dict[int, np.dtype[np.integer[Any]]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<i8"),
}
_WIDTH_BY_BITS = [next(width for width in _PACKED if 8 * width >= bits) for bits in range(65)]
_USERS = np.dtype("<u8")
_HASHES, _NUMBERS = np.dtype(np.uint64), np.dtype(np.int64)
_NOTHING: Int64 = np.empty(0, np.int64)
# Of as many instances as there may be.
_STREAMS_KEPT = 4096


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
    (packed_counts, count_width), (packed_microseconds, microseconds_width) = _narrowed(counts, microseconds)
    packed_later, later_width = b"", 1
    if later:
        (packed_later, later_width), _ = _narrowed(np.concatenate(later), _NOTHING)
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
    columns = b"".join((users.tobytes(), packed_counts, packed_microseconds, packed_later, kinds.tobytes()))
    return b"".join(sealed(b"".join(header), [columns]))


def _narrowed(one: Int64, other: Int64) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
    """Of both columns: (numbers, none of which is negative, in as few bytes as they need; how many each takes)."""
    bits = _bits(one, other)
    width, other_width = _WIDTH_BY_BITS[bits[0].bit_length()], _WIDTH_BY_BITS[bits[1].bit_length()]
    packed = one.astype(_PACKED[width]).tobytes(), other.astype(_PACKED[other_width]).tobytes()
    return (packed[0], width), (packed[1], other_width)


@compiled
def _bits(one: Int64, other: Int64) -> tuple[int, int]:
    """Of both: as many bits as the largest number needs, and set somewhere among them."""
    bits = other_bits = 0
    for number in one:
        bits |= number
    for number in other:
        other_bits |= number
    return bits, other_bits


def unpack_block(header: bytes, body: memoryview) -> tuple[list[Export], int]:
    """(the exports, when they came) of the parts that were sealed."""
    _, now, number, count_width, microseconds_width, later_width = _HEAD.unpack_from(header)
    if number == 1:
        start, time, points, service, _, flags = _EXPORT.unpack_from(header, _HEAD.size)
        if not flags:
            # Nearly always.
            stream = _stream(header[_ONE_NAMES:], service)
            columns = _columns(body, points, count_width, microseconds_width, 0)
            return [Export(stream, start, time, *columns)], now
    keys, points, uneven = _keys(header, number)
    kinds, users, counts, microseconds = _columns(body, points, count_width, microseconds_width, uneven * later_width)
    at_later = points * (_USERS.itemsize + count_width + microseconds_width)
    later = np.frombuffer(body, _PACKED[later_width], uneven, at_later).astype(_NUMBERS)
    return list(_split(keys, kinds, users, counts, microseconds, later)), now


def _columns(
    body: memoryview, points: int, count_width: int, microseconds_width: int, later_bytes: int
) -> tuple[UInt8, UInt64, Int64, Int64]:
    """Kinds, users, counts and microseconds."""
    at_counts = 8 * points
    at_microseconds = at_counts + points * count_width
    at_later = at_microseconds + points * microseconds_width
    # Copies: what is read is not aligned, and cannot be written.
    users = np.frombuffer(body, _USERS, points).astype(_HASHES)
    counts = np.frombuffer(body, _PACKED[count_width], points, at_counts).astype(_NUMBERS)
    microseconds = np.frombuffer(body, _PACKED[microseconds_width], points, at_microseconds).astype(_NUMBERS)
    kinds = np.frombuffer(body, np.uint8, points, at_later + later_bytes).copy()
    return kinds, users, counts, microseconds


@lru_cache(_STREAMS_KEPT)
def _stream(names: bytes, service: int) -> Stream:
    """Of both names one after another, the first of so many bytes."""
    return Stream(names[:service].decode(), names[service:].decode())


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
