"""How finely the core counts time."""

NANOSECONDS = 1_000_000_000
"""In a second; of points, windows and bounds."""

MICROSECONDS = 1_000_000
"""In a second; of durations."""
