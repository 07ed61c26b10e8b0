"""The columns that limiters read."""

from dataclasses import dataclass

from reduse.processor.core.columns import Float64, Int64, UInt8, UInt64

__all__ = ["Arrivals", "Float64", "Int64", "UInt8", "UInt64"]


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
