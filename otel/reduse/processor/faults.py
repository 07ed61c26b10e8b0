"""Faults that last, in the log: a line when one begins, once a minute how often, and when it has ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

REPEAT_SECONDS = 60.0
# Not met for so long, it has ended.
END_SECONDS = 60.0
# Told apart at once; what comes beyond is told together.
FAULTS_LIMIT = 100
_REST = "other faults"


@dataclass(slots=True)
class _Fault:
    begun: float
    met: float
    told: float
    cure: str
    # Since it was told, and in all.
    new: int = 0
    total: int = 0


class Faults:
    """Called from any thread. `look` is called now and then, for what happens no more."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds."""
        self._logger = logger
        self._clock = clock
        self._lock = threading.Lock()
        self._faults: dict[str, _Fault] = {}

    def meet(self, what: str, cure: str = "", number: int = 1) -> bool:
        """It happened `number` times: `what` is the same each time. Whether it is the first time for a while."""
        now = self._clock()
        with self._lock:
            if what not in self._faults and len(self._faults) >= FAULTS_LIMIT:
                what, cure = _REST, ""
            fault = self._faults.get(what)
            begun = fault is None
            if fault is None:
                fault = self._faults[what] = _Fault(now, now, now, cure)
                self._logger.warning("%s: %d%s", what, number, f" ({cure})" if cure else "")
            else:
                fault.new += number
            fault.met = now
            fault.total += number
            self._tell(what, fault, now)
        return begun

    def look(self) -> None:
        """Tell of what goes on, and of what has ended."""
        now = self._clock()
        with self._lock:
            for what, fault in list(self._faults.items()):
                if now - fault.met >= END_SECONDS:
                    del self._faults[what]
                    self._logger.warning(
                        "no longer happens, after %.0f s: %s: %d in total", fault.met - fault.begun, what, fault.total
                    )
                else:
                    self._tell(what, fault, now)

    def _tell(self, what: str, fault: _Fault, now: float) -> None:
        if fault.new and now - fault.told >= REPEAT_SECONDS:
            cure = f" ({fault.cure})" if fault.cure else ""
            self._logger.warning("still happens, after %.0f s: %s: %d more%s", now - fault.begun, what, fault.new, cure)
            fault.told, fault.new = now, 0
