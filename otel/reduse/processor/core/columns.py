"""The columns that per-user points are decoded into."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reduse.processor.core.compiled import compiled
from reduse.wire import PLAIN, RequestClass

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]
UInt32 = npt.NDArray[np.uint32]
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


class Kind(IntEnum):
    """Whose requests a point counts. The numbers are written to disk: never renumber."""

    USER = 0
    ANONYMOUS = 1
    OVERFLOW = 2


_USER, _ANONYMOUS = int(Kind.USER), int(Kind.ANONYMOUS)


@compiled
def whose(kinds: UInt8) -> tuple[int, int, int]:
    """(how many points are of users, the first row of nobody known, that of the overflow); -1: there is none."""
    users, anonymous, overflow = 0, -1, -1
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind == _USER:
            users += 1
        elif kind == _ANONYMOUS:
            anonymous = row if anonymous < 0 else anonymous
        else:
            overflow = row if overflow < 0 else overflow
    return users, anonymous, overflow


class Stream(NamedTuple):
    """One instance of one service: its exports are contiguous in time."""

    service: str
    instance: str


@dataclass(frozen=True, slots=True)
class Export:
    """The points of one export of one stream, or of a part of it: all share `time` and nearly always `start`, Unix ns.

    `users` is 0 where `kinds` is not USER. Durations are whole microseconds, so that sums do not depend on the order in
    which points arrive. Where starts differ, as in the first export of many SDKs, `starts` has that of each point, and
    `start` is the earliest of them.

    The requests of users are all of one class; where there are several, an export comes in as many parts.
    """

    stream: Stream
    start: int
    time: int
    kinds: UInt8
    users: UInt64
    counts: Int64
    microseconds: Int64
    starts: Int64 | None = None
    request_class: RequestClass = PLAIN

    def __len__(self) -> int:
        return len(self.kinds)
