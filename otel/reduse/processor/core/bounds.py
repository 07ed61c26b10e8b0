"""What the core keeps at most, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from reduse.processor.core.units import NANOSECONDS


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times in ns. What happens at each bound is counted in `Outcome` or in `Engine.untracked_users`."""

    # A stream not heard for so long, and for one and a half of its intervals, does not hold the watermark back.
    idle: int = 3 * NANOSECONDS
    # Where the shards of an export come one by one: a stream that begins waits so long for those that begin with it.
    settling: int = 0
    # The watermark stays so far behind what the streams say that they are complete through.
    lateness: int = 0
    # A stream not heard for so long is forgotten, and a service that has none any more.
    forget: int = 3600 * NANOSECONDS
    # How far behind a stream's newest export a repeat is still recognised, and with how many 8-byte words.
    repeat_horizon: int = 300 * NANOSECONDS
    repeat_words: int = 8_000_000
    # A longer delta is apportioned over the last part of its interval only; at most `apportion.INTERVAL_LIMIT`.
    interval: int = 120 * NANOSECONDS
    # Of each service: users told apart in a window, open windows, and rows in them; beyond, the oldest close early.
    window_users: int = 200_000
    open_windows: int = 600
    open_rows: int = 2_000_000
    # Beyond these, who is not heard for longer than the repeat horizon makes room.
    streams: int = 1_000
    services: int = 100
