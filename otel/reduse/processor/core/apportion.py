"""Spread a delta over the event-time windows that its interval overlaps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reduse.processor.core.columns import Int64

# Parts are exact for intervals up to this (ns), eighteen minutes.
INTERVAL_LIMIT = 2**40

_INT64_MAX = 2**63 - 1
# A number of half as many bits as INTERVAL_LIMIT.
_HALF = 2**20


def windows_of(start: int, time: int, window: int) -> range:
    """Indices of the windows (of `window` ns) that [start, time) overlaps; an empty interval has one."""
    return range(min(start, time - 1) // window, (time - 1) // window + 1)


def apportion(values: Int64, start: int | Int64, time: int, window: int) -> Iterator[tuple[int, Int64]]:
    """Yield (window index, part of each value): whole numbers that sum exactly to the values.

    The part of [start, x) is floor(value * (x - start) / (time - start)); a window's part is the difference
    between its two ends, so nothing is lost or doubled by rounding, whatever the boundaries. `start` may be one for
    each value. An interval is at most INTERVAL_LIMIT ns.
    """
    start = min(start, time - 1) if isinstance(start, int) else np.minimum(start, time - 1)
    spans = windows_of(int(np.min(start)), time, window)
    if len(spans) == 1:
        yield spans[0], values
        return
    before = np.zeros_like(values)
    for index in spans:
        end = min((index + 1) * window, time)
        elapsed = end - start if isinstance(start, int) else np.maximum(end - start, 0)
        through = _floor_share(values, elapsed, time - start)
        yield index, through - before
        before = through


def _floor_share(values: Int64, numerator: int | Int64, denominator: int | Int64) -> Int64:
    """floor(value * numerator / denominator), for numerators up to the denominator."""
    if len(values) == 0 or int(values.max()) <= _INT64_MAX // max(1, int(np.max(numerator))):
        return values * numerator // denominator
    # A long multiplication and division, since the product is beyond 64 bits.
    multiplier, divisor = np.asarray(numerator, np.int64), np.asarray(denominator, np.int64)
    whole, rest = np.divmod(values, divisor)
    high, low = np.divmod(multiplier, _HALF)
    part, left = np.divmod(rest * high, divisor)
    found: Int64 = whole * multiplier + part * _HALF + (left * _HALF + rest * low) // divisor
    return found
