"""Whether points are what nearly all are: good, and of one export."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Bool, Float64, UInt8, UInt64
from reduse.processor.core.compiled import compiled
from reduse.processor.otlp.points import UNKNOWN, Points

# With it, sums over any window stay within 64 bits.
COUNT_LIMIT = 2**32
_MOST = np.uint64(COUNT_LIMIT)
_NONE = np.uint64(0)


def are_one_export(points: Points, sum_limit: float, latest: int) -> bool:
    """Each passes what a point is judged by, and all have the same start and time. `latest` in Unix ns."""
    return _are_one_export(
        points.kinds,
        points.well_formed,
        points.starts,
        points.times,
        points.counts,
        points.sums,
        points.valued,
        sum_limit,
        np.uint64(latest),
    )


@compiled
def _are_one_export(
    kinds: UInt8,
    well_formed: Bool,
    starts: UInt64,
    times: UInt64,
    counts: UInt64,
    sums: Float64,
    valued: Bool,
    sum_limit: float,
    latest: np.uint64,
) -> bool:
    if len(kinds) == 0:
        return False
    start, time = starts[0], times[0]
    if start == _NONE or start > time or time > latest:
        return False
    for row in range(len(kinds)):
        if starts[row] != start or times[row] != time:
            return False
        if kinds[row] == UNKNOWN or not well_formed[row] or not valued[row] or counts[row] > _MOST:
            return False
        if not 0 <= sums[row] <= sum_limit:
            return False
    return True
