"""The seconds of a replay: which of them the processor closed."""

import numpy as np

from reduse.what_if.columns import Int64, UInt8


class Seconds:
    """So many, from `first` on (Unix s). `begin`: no row that comes now or later is before it."""

    def __init__(self, first: int, number: int) -> None:
        self.first = self.begin = first
        # By second from `first` on: 1 for those closed; and how many before it, from the first on, were not.
        self.closed: UInt8 = np.zeros(number, np.uint8)
        self.open_before: Int64 = np.arange(number + 1)

    def close(self, seconds: Int64) -> None:
        """These were closed."""
        if len(seconds):
            self.closed[seconds - self.first] = 1
            np.cumsum(self.closed == 0, out=self.open_before[1:])
