"""Histograms that are what nearly all are: good points of users of one export, and that of nobody known after them.

They are read and judged in one pass over their bytes. Whatever is anything else is left to who looks at each point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reduse import wire
from reduse.processor.core.columns import Float64, Int64, Kind, UInt8, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.otlp.layout import Layout
from reduse.processor.otlp.rows import differ, read_hash, word_at
from reduse.wire import PLAIN, RequestClass

# With it, sums over any window stay within 64 bits.
COUNT_LIMIT = 2**32

_MOST = np.uint64(COUNT_LIMIT)
_NONE, _TEMPORALITY = np.uint64(0), 0x10
_DELTA = int(wire.DELTA)
_NOBODY = int(Kind.ANONYMOUS)


class OneExport(NamedTuple):
    """Columns as those of `Export`."""

    start: int
    time: int
    kinds: UInt8
    users: UInt64
    counts: Int64
    microseconds: Int64
    request_class: RequestClass


def read_one_export(
    encoded: bytes, user: Layout | None, nobody: Layout | None, unit: float, sum_limit: float, latest: int
) -> OneExport | None:
    """None for what is anything else, or has a point that is not good.

    Args:
        encoded: a histogram.
        user: how a point of a user may be encoded.
        nobody: that of nobody known.
        unit: microseconds in the unit of the sums.
        sum_limit: see `decoding`.
        latest: a time after it is in the future (Unix ns).
    """
    if user is None or nobody is None or not (user.valued and nobody.valued):
        return None
    good, size, start, time, kinds, users, counts, microseconds = _read(
        np.frombuffer(encoded, np.uint8),
        user.size,
        user.words,
        user.contents,
        user.masks,
        user.values,
        nobody.size,
        nobody.words,
        nobody.contents,
        nobody.masks,
        nobody.values,
        unit,
        sum_limit,
        np.uint64(latest),
    )
    if not good:
        return None
    request_class = user.request_class
    if kinds[size - 1] == _NOBODY and request_class != PLAIN:
        # Points of two classes are two exports.
        return None
    return OneExport(
        int(start), int(time), kinds[:size], users[:size], counts[:size], microseconds[:size], request_class
    )


@compiled
def _read(
    data: UInt8,
    user_size: int,
    user_words: UInt64,
    user_contents: UInt64,
    user_masks: UInt64,
    user_values: Int64,
    nobody_size: int,
    nobody_words: UInt64,
    nobody_contents: UInt64,
    nobody_masks: UInt64,
    nobody_values: Int64,
    unit: float,
    sum_limit: float,
    latest: np.uint64,
) -> tuple[bool, int, np.uint64, np.uint64, UInt8, UInt64, Int64, Int64]:
    most = len(data) // user_size + 1
    kinds, users = np.zeros(most, np.uint8), np.empty(most, np.uint64)
    counts, microseconds, sums = np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most, np.uint64)
    start, time, good, row, at = _NONE, _NONE, True, 0, 0
    while good and at + user_size <= len(data):
        if differ(data, np.uint64(at), user_words, user_contents, user_masks):
            break
        users[row], good = read_hash(data, np.uint64(at + user_values[4]))
        start, time, same = _times(data, at, user_values, row, start, time)
        counts[row], sums[row] = _loads(data, at, user_values)
        good &= same
        row, at = row + 1, at + user_size
    ends = not good or at + nobody_size > len(data)
    if not ends and not differ(data, np.uint64(at), nobody_words, nobody_contents, nobody_masks):
        kinds[row], users[row] = _NOBODY, 0
        start, time, same = _times(data, at, nobody_values, row, start, time)
        counts[row], sums[row] = _loads(data, at, nobody_values)
        good = same
        row, at = row + 1, at + nobody_size
    is_whole = row > 0 and len(data) == at + 2 and data[at] == _TEMPORALITY and data[at + 1] == _DELTA
    good = good and bool(is_whole) and bool(_NONE < start <= time <= latest)
    if good:
        good = _are_good(counts[:row], sums[:row].view(np.float64), unit, sum_limit, microseconds)
    return good, row, start, time, kinds, users, counts.view(np.int64), microseconds


@compiled
def _times(
    data: UInt8, at: int, values: Int64, row: int, start: np.uint64, time: np.uint64
) -> tuple[np.uint64, np.uint64, bool]:
    """(start and time of the export, whether this point has them too)."""
    own_start, own_time = word_at(data, np.uint64(at + values[0])), word_at(data, np.uint64(at + values[1]))
    if row == 0:
        return own_start, own_time, True
    return start, time, own_start == start and own_time == time


@compiled
def _loads(data: UInt8, at: int, values: Int64) -> tuple[np.uint64, np.uint64]:
    """The point's count and the bits of its sum."""
    return word_at(data, np.uint64(at + values[2])), word_at(data, np.uint64(at + values[3]))


@compiled
def _are_good(counts: UInt64, sums: Float64, unit: float, sum_limit: float, microseconds: Int64) -> bool:
    """Whether all counts and sums are; the sums in whole microseconds."""
    for row in range(len(counts)):
        if counts[row] > _MOST or not 0 <= sums[row] <= sum_limit:
            return False
        microseconds[row] = np.rint(sums[row] * unit)
    return True
