"""Some limits that are tried on the same requests: what each has rejected, and whom it has touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from reduse.processor.core.columns import Int64
from reduse.processor.core.metric import Labels
from reduse.processor.core.processors.last_seen import LastSeenOfEach
from reduse.processor.core.processors.token_bucket import TokenBuckets
from reduse.processor.core.window import ClosedWindow

# Windows of one second.
HOUR = 3600


class Rung(NamedTuple):
    """A limit in requests a second, what a full bucket of it holds, and its labels. States know it by its `key`."""

    per_second: float
    capacity: float
    key: tuple[float | str, float]
    labels: Mapping[str, str]


class TriedLimits:
    """A token bucket for every user and limit. `rungs` rise by their limits.

    Every bucket is full for a user not seen before. Beside buckets that are not full, two bytes are kept for each user
    and limit about when it would have touched them.
    """

    def __init__(self, rungs: Sequence[Rung]) -> None:
        self._keys = [rung.key for rung in rungs]
        self._buckets = TokenBuckets([(rung.per_second, rung.capacity) for rung in rungs])
        self.labels = [Labels(**rung.labels) for rung in rungs]
        # Touched in the last second at each limit, then in the last hour.
        self.user_labels = [Labels(**rung.labels, window=window) for window in ("1s", "1h") for rung in rungs]
        self._rejected = [0] * len(rungs)
        self._touched = LastSeenOfEach(HOUR, len(rungs))
        self._in_window = [0] * len(rungs)

    def process(self, window: ClosedWindow, missed: float, numbers: Int64, counts: Int64) -> None:
        """The requests in a window that the limits are for, of the users with these numbers; so many seconds before it
        were `missed`, in which nobody sent anything."""
        self._buckets.forget(window.forgotten)
        spent = self._buckets.spend(numbers, window.numbers_end, counts, missed, window.length)
        self._rejected = [before + now for before, now in zip(self._rejected, spent.rejected, strict=True)]
        if len(window.forgotten):
            self._touched.forget(window.forgotten)
        self._touched.see(spent.numbers, spent.ends, window.index, window.numbers_end)
        self._in_window = [end - begin for begin, end in pairwise([0, *spent.ends.tolist()])]

    def rejected(self) -> list[int]:
        """Requests, since the beginning, at each limit."""
        return list(self._rejected)

    def users(self) -> list[int]:
        """Who was touched, as `user_labels` has it."""
        return [*self._in_window, *self._touched.seen.tolist()]

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {
            "rungs": list(map(list, self._keys)),
            "rejected": list(self._rejected),
            "buckets": self._buckets.dump(),
            "touched": self._touched.dump(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Limits that are still there with the same burst go on; all others begin anew."""
        columns = zip(*(state[name] for name in ("rejected", "buckets", "touched")), strict=True)
        saved = dict(zip(map(tuple, state["rungs"]), columns, strict=True))
        for number, key in enumerate(self._keys):
            if key in saved:
                self._rejected[number] = saved[key][0]
        self._buckets.load([saved[key][1] if key in saved else None for key in self._keys])
        self._touched.load([saved[key][2] if key in saved else None for key in self._keys])
