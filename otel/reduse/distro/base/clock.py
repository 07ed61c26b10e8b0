"""The time of exports: the wall clock's, but a step of the wall clock does not move it before it has stood.

Whoever stores the samples takes one value for a series and a millisecond, and none that is far ahead; rates are the
differences of values by the differences of their times. So the times of one process must rise, and as fast as time
passes, whatever is done to the clock of its machine.
"""

import logging
import os
import time
from pathlib import Path
from typing import NamedTuple

_logger = logging.getLogger(__name__)

MILLISECOND = 1_000_000
SECOND = 1_000_000_000

# A difference of the two clocks up to this is followed at once: NTP keeps a clock right by small corrections.
STEP = SECOND
# A larger one is believed when it has stood for so long.
BELIEVED_AFTER = 120 * SECOND
# The gateway takes samples up to so far ahead of its own clock: what is further ahead it has never stored.
LARGEST_LEAD = 300 * SECOND
# A lead on the wall clock is worked off by running slower by one part in so many: no rate is off by more.
SLOWER_BY = 100
# Prometheus' times are milliseconds: two exports must never have the same.
LEAST_ADVANCE = MILLISECOND
# A clock that runs wrong by up to one part in so many makes one step, however long it is, and not a new one each time.
_SAME_STEP = 5


class Reading(NamedTuple):
    """Both clocks at one moment, nanoseconds: Unix time, and one that only time itself moves."""

    wall: int
    steady: int


class ExportTime(NamedTuple):
    """The times of one export, nanoseconds of Unix time.

    `previous` is the end of the collection before, `process_start` when this process began, `interpreter_start` when
    the one did that it was forked from. All are on the time line of `end`, and before it: when times went back by
    `set_back` since the collection before, so did they.
    """

    interpreter_start: int
    process_start: int
    previous: int
    end: int
    set_back: int = 0


class SystemClocks:
    """The clocks of the machine."""

    def read(self) -> Reading:
        """Both at once. The steady one counts the time in which the machine is suspended, where there is such a one."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return Reading(time.time_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        return Reading(time.time_ns(), time.monotonic_ns())

    def age(self) -> int:
        """For how long this process has run, nanoseconds; 0 where that is not known."""
        try:
            fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
            started = int(fields[19]) * SECOND // os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return 0
        return max(0, self.read().steady - started)


class _Step(NamedTuple):
    size: int
    since: int


class ExportClock:
    """Gives each export its time: the wall clock's at the start, and the steady clock's progress since.

    - A difference of up to STEP between the two is believed at once, a larger one when it has stood for BELIEVED_AFTER.
    - Believed and forward: the time goes forward with the wall clock.
    - Believed and back: the time is ahead then. It never goes back, and runs 1 % slow until the lead is worked off.
    - A lead of more than LARGEST_LEAD is not worked off: the time goes back to the wall clock's.

    Not for several threads at once.

    Args:
        first: the clocks when the process begins to measure.
        age: for how long the process has run then, nanoseconds.
        interpreter_start: see ExportTime; that of the process where None.
    """

    def __init__(self, first: Reading, age: int = 0, interpreter_start: int | None = None) -> None:
        self._steady = first.steady
        self._offset = first.wall - first.steady
        self._lead = 0
        self._lost = 0
        self._step: _Step | None = None
        self._stepped = False
        self._end = first.wall
        self._process_start = first.wall - age
        self._interpreter_start = self._process_start if interpreter_start is None else interpreter_start

    @property
    def interpreter_start(self) -> int:
        """When the first of the processes began that this one was forked from, nanoseconds of Unix time."""
        return self._interpreter_start

    @property
    def stepped(self) -> bool:
        """Whether the wall clock was ever seen to step."""
        return self._stepped

    @property
    def lead(self) -> float:
        """By how many seconds the last export was ahead of the wall clock as it stood; below 0: behind."""
        return (self._lead - (self._step.size if self._step else 0)) / SECOND

    def next(self, reading: Reading) -> ExportTime:
        """The time of an export that is made now."""
        elapsed = self._advance(reading)
        set_back = self._follow(reading, elapsed)
        previous = self._end - set_back
        self._process_start -= set_back
        self._interpreter_start -= set_back
        believed = reading.steady + self._offset
        self._lead = max(self._lead, previous + LEAST_ADVANCE - believed)
        self._end = believed + self._lead
        return ExportTime(self._interpreter_start, self._process_start, previous, self._end, set_back)

    def _advance(self, reading: Reading) -> int:
        """Let the steady clock's progress pass; nanoseconds."""
        elapsed = reading.steady - self._steady
        self._steady = reading.steady
        if elapsed < 0:
            # Only a virtual machine or a test does that. What is lost is given back when the clock is right again.
            self._lost -= elapsed
            self._offset -= elapsed
            elapsed = 0
        elif 0 < self._lost <= elapsed:
            self._offset -= self._lost
            elapsed -= self._lost
            self._lost = 0
        self._lead -= min(self._lead, elapsed // SLOWER_BY)
        return elapsed

    def _follow(self, reading: Reading, elapsed: int) -> int:
        """Believe the wall clock as far as it is to be; by how much times go back."""
        difference = reading.wall - (reading.steady + self._offset)
        if abs(difference) <= STEP:
            if self._step is not None:
                _logger.warning("the clock is right again after a jump of %+.0f s", self._step.size / SECOND)
                self._step = None
            return self._move(difference)
        step = self._step
        if step is None or abs(difference - step.size) > max(STEP, elapsed // _SAME_STEP):
            _logger.warning(
                "the clock jumped by %+.0f s: the times of exports follow it if it stays so for %d s",
                difference / SECOND,
                BELIEVED_AFTER // SECOND,
            )
            self._step, self._stepped = _Step(difference, reading.steady), True
            return 0
        self._step = _Step(difference, step.since)
        if reading.steady - step.since < BELIEVED_AFTER:
            return 0
        self._step = None
        set_back = self._move(difference)
        _logger.warning(
            "the clock has stayed so after its jump of %+.0f s: %s", difference / SECOND, self._consequence(set_back)
        )
        return set_back

    def _move(self, difference: int) -> int:
        self._offset += difference
        self._lead = max(0, self._lead - difference)
        if self._lead <= LARGEST_LEAD:
            return 0
        set_back, self._lead = self._lead, 0
        return set_back

    def _consequence(self, set_back: int) -> str:
        if set_back:
            return "the times of exports go back, too"
        if self._lead:
            return (
                f"the times of exports run 1 % slow until they agree with it, in {self._lead * SLOWER_BY // SECOND} s"
            )
        return "the times of exports go forward, too"
