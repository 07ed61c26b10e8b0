"""Spread a delta over the event-time windows that its interval overlaps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reduse.processor.core.columns import Int64

_INT64_MAX = 2**63 - 1


def windows_of(start: int, time: int, window: int) -> range:
    """Indices of the windows (of `window` ns) that [start, time) overlaps; an empty interval has one."""
    return range(min(start, time - 1) // window, (time - 1) // window + 1)


def apportion(values: Int64, start: int, time: int, window: int) -> Iterator[tuple[int, Int64]]:
    """Yield (window index, part of each value): whole numbers that sum exactly to the values.

    The part of [start, x) is floor(value * (x - start) / (time - start)); a window's part is the difference
    between its two ends, so nothing is lost or doubled by rounding, whatever the boundaries.
    """
    start = min(start, time - 1)
    spans = windows_of(start, time, window)
    if len(spans) == 1:
        yield spans[0], values
        return
    before = np.zeros_like(values)
    for index in spans:
        through = _floor_share(values, min((index + 1) * window, time) - start, time - start)
        yield index, through - before
        before = through


def _floor_share(values: Int64, numerator: int, denominator: int) -> Int64:
    if len(values) == 0 or int(values.max()) <= _INT64_MAX // numerator:
        return values * numerator // denominator
    # Rare and huge: Python's own integers do not overflow.
    return np.fromiter((int(v) * numerator // denominator for v in values), np.int64, len(values))
