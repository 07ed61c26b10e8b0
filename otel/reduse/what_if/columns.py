"""The columns that a replay reads."""

from dataclasses import dataclass, field

import numpy as np

from reduse.processor.core.columns import Float64, Int64, UInt8, UInt64

__all__ = ["Arrivals", "Batch", "Float64", "Int64", "UInt8", "UInt64"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was recorded of a service in [start, end) (Unix s), with a row for each user, policy and second with
    requests, sorted in this order. No second is in two batches, and batches come in order of time.

    `policies` has the place of the row's policy in `names`; empty where all rows are under `names[0]`. `seconds` are
    those that the processor closed, in order, also those in which no user sent anything; `others` the requests of
    nobody known, of overflow and of users not tracked in each of them.
    """

    start: int
    end: int
    users: UInt64
    windows: Int64
    counts: Int64
    microseconds: Int64
    throttled: Int64
    seconds: Int64
    others: Int64
    names: tuple[str, ...] = ("",)
    policies: UInt8 = field(default_factory=lambda: np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Requests that reach the limiter: a row for each user and second, sorted in this order.

    `costs` has the mean of what a request of the row costs; it is empty where each costs one.
    """

    users: UInt64
    windows: Int64
    counts: Int64
    microseconds: Int64
    throttled: Int64
    costs: Float64
