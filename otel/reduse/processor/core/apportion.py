"""Spread a delta over the event-time windows that its interval overlaps."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Bool, Int64, Kind, UInt8, UInt64
from reduse.processor.core.compiled import compiled

# Parts are exact for intervals up to this (ns), eighteen minutes.
INTERVAL_LIMIT = 2**40

# Its product with such an interval has 63 bits.
_SMALL = 2**23
# A number of half as many bits as INTERVAL_LIMIT.
_HALF = 2**20
_USER, _ANONYMOUS = int(Kind.USER), int(Kind.ANONYMOUS)


def windows_of(start: int, time: int, window: int) -> range:
    """Indices of the windows (of `window` ns) that [start, time) overlaps; an empty interval has one."""
    return range(min(start, time - 1) // window, (time - 1) // window + 1)


@compiled
def part_of(
    kinds: UInt8,
    users: UInt64,
    counts: Int64,
    microseconds: Int64,
    fresh: Bool,
    start: int,
    starts: Int64,
    time: int,
    begin: int,
    end: int,
) -> tuple[tuple[UInt64, Int64, Int64], tuple[int, int], tuple[int, int]]:
    """What of the fresh points is in the window [begin, end), in whole numbers that sum exactly to the values.

    The part of [start, x) is floor(value * (x - start) / (time - start)); a window's part is the difference
    between its two ends, so nothing is lost or doubled by rounding, whatever the boundaries.

    Args:
        kinds: whose requests each point counts.
        users: see `Export`.
        counts: see `Export`.
        microseconds: see `Export`.
        fresh: of the others nothing is in any window.
        start: of all points (ns), at most INTERVAL_LIMIT before `time`; a point of no length is one of 1 ns.
        starts: that of each point; empty where they are alike.
        time: when the points end.
        begin: of the window.
        end: of the window.

    Returns:
        Users, counts and microseconds of the users' points that say anything, in their order; requests and microseconds
        of nobody known; of the overflow.
    """
    of_users, of_counts = np.empty(len(kinds), np.uint64), np.empty(len(kinds), np.int64)
    of_microseconds = np.empty(len(kinds), np.int64)
    size = anonymous = anonymous_for = overflow = overflow_for = 0
    are_alike = len(starts) == 0
    since = min(start, time - 1)
    before, through, length = begin - since, end - since, time - since
    # Of all rows at once: a division for each would take longer than all the rest.
    part_before, part_through = before / length, through / length
    for row in range(len(kinds)):
        if not fresh[row]:
            continue
        if not are_alike:
            since = min(starts[row], time - 1)
            before, through, length = begin - since, end - since, time - since
            part_before, part_through = before / length, through / length
        count, micro = counts[row], microseconds[row]
        count = _floor_share(count, through, length, part_through) - _floor_share(count, before, length, part_before)
        micro = _floor_share(micro, through, length, part_through) - _floor_share(micro, before, length, part_before)
        kind = kinds[row]
        if kind == _USER:
            if count > 0 or micro > 0:
                of_users[size], of_counts[size], of_microseconds[size] = users[row], count, micro
                size += 1
        elif kind == _ANONYMOUS:
            anonymous += count
            anonymous_for += micro
        else:
            overflow += count
            overflow_for += micro
    if size < len(kinds):
        # Copies: a part of an array would hold on to all of it.
        columns = of_users[:size].copy(), of_counts[:size].copy(), of_microseconds[:size].copy()
    else:
        columns = of_users, of_counts, of_microseconds
    return columns, (anonymous, anonymous_for), (overflow, overflow_for)


@compiled
def _floor_share(value: int, elapsed: int, length: int, part: float) -> int:
    """floor(value * elapsed / length), of an elapsed time within [0, length], which is about so large a part of it."""
    if elapsed <= 0 or value == 0:
        return 0
    if elapsed >= length:
        return value
    if value < _SMALL:
        share = int(value * part)
        left = value * elapsed - share * length
        return share - (left < 0) + (left >= length)
    # A long multiplication and division, since the product is beyond 64 bits.
    whole, rest = value // length, value % length
    high, low = elapsed // _HALF, elapsed % _HALF
    part, over = rest * high // length, rest * high % length
    return whole * elapsed + part * _HALF + (over * _HALF + rest * low) // length
