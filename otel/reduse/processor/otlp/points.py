"""Points of per-user histograms as columns, before they are judged; and those of parsed messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Float64, Kind, UInt8, UInt64
from reduse.processor.otlp.hashes import parse_hashes
from reduse.wire import OVERFLOW_MARK, USER_HASH

USER = USER_HASH.encode()
OVERFLOW = OVERFLOW_MARK.encode()

# DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
NO_RECORDED_VALUE = 1

# In `kinds`: attributes that a per-user point does not have.
UNKNOWN = 255


@dataclass(frozen=True, slots=True)
class Points:
    """One row for each point, as it was sent. `well_formed` is of the user, and true where there is none."""

    kinds: UInt8
    users: UInt64
    well_formed: Bool
    starts: UInt64
    times: UInt64
    counts: UInt64
    sums: Float64
    valued: Bool

    def __len__(self) -> int:
        return len(self.kinds)


def joined(parts: Sequence[Points]) -> Points:
    """All rows, in their order."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return read_points(())
    return Points(*(np.concatenate([getattr(part, name) for part in parts]) for name in Points.__slots__))


def read_points(points: Sequence[Any]) -> Points:
    """One by one, of `schema.HistogramDataPoint` messages."""
    kinds = np.zeros(len(points), np.uint8)
    users = np.zeros(len(points), np.uint64)
    well_formed = np.ones(len(points), np.bool_)
    rows: list[int] = []
    hashes: list[bytes] = []
    for row, point in enumerate(points):
        kinds[row] = _kind(point.attributes)
        if kinds[row] == Kind.USER:
            rows.append(row)
            hashes.append(point.attributes[0].value.string_value)
    users[rows], well_formed[rows] = parse_hashes(hashes)
    return Points(
        kinds,
        users,
        well_formed,
        np.array([point.start_time_unix_nano for point in points], np.uint64),
        np.array([point.time_unix_nano for point in points], np.uint64),
        np.array([point.count for point in points], np.uint64),
        np.array([point.sum for point in points], np.float64),
        np.array([not point.flags & NO_RECORDED_VALUE for point in points], np.bool_),
    )


def _kind(attributes: Sequence[Any]) -> int:
    if not attributes:
        return Kind.ANONYMOUS
    if len(attributes) == 1 and attributes[0].key == USER:
        return Kind.USER
    if len(attributes) == 1 and attributes[0].key == OVERFLOW and attributes[0].value.bool_value:
        return Kind.OVERFLOW
    return UNKNOWN
