"""Try a processor without any server: feed it seconds, read what it yields.

    harness = Harness(BusyUsers)
    assert harness.second({"alice": 12, "bob": 3})["acme.users.busy"] == 1

The windows are made by the engine itself. What the processor raises is raised here, and so is what would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np

from reduse.processor.core.columns import Export, Kind, Stream
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.metric import Distribution
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import MICROSECONDS, NANOSECONDS

SERVICE = "harness"
# 2026-01-01, a window's begin.
BEGIN = 1_767_225_600

# By series, as PromQL writes them: `acme.users.busy`, `acme.users{plan="gold"}`. None: the series has ended.
Readings = dict[str, float | Distribution | None]


def user_number(name: str) -> int:
    """What stands for the user of this name in a window's `users`."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


class Harness:
    """One processor over one service, one second after another."""

    def __init__(self, kind: type[Processor], options: Options | None = None) -> None:
        self._kind = kind
        self._options = options or Options()
        self._seconds = 0
        self._shard = self._make()

    def _make(self) -> Shard:
        return Shard(lambda: Engine([self._kind], self._options))

    def second(
        self, requests: Mapping[str, int], *, anonymous: int = 0, overflow: int = 0, duration: float = 0.01
    ) -> Readings:
        """A second in which users sent so many requests, each of `duration` seconds; what is yielded at its end."""
        counts = np.array([*requests.values(), anonymous, overflow], np.int64)
        export = Export(
            Stream(SERVICE, "one"),
            (BEGIN + self._seconds) * NANOSECONDS,
            (BEGIN + self._seconds + 1) * NANOSECONDS,
            np.array([*[Kind.USER] * len(requests), Kind.ANONYMOUS, Kind.OVERFLOW], np.uint8),
            np.array([*map(user_number, requests), 0, 0], np.uint64),
            counts,
            counts * round(duration * MICROSECONDS),
        )
        self._seconds += 1
        self._shard.take([export], export.time)
        return self._advance(export.time)

    def quiet(self) -> Readings:
        """Nothing is heard any more: what is yielded then. Seconds may follow."""
        self._seconds += 60
        return self._advance((BEGIN + self._seconds) * NANOSECONDS)

    def restart(self) -> None:
        """Go on with what the processor has dumped and loaded, as after a restart."""
        state = unpack(pack(self._shard.dump()))
        self._shard = self._make()
        self._shard.load(state)
        self._shard.resume((BEGIN + self._seconds) * NANOSECONDS)
        self._raise_failure()

    def _advance(self, now: int) -> Readings:
        emissions = self._shard.tick(now)
        self._raise_failure()
        return _readings(emissions[-1]) if emissions else {}

    def _raise_failure(self) -> None:
        if self._shard.engine.last_failure is not None:
            raise self._shard.engine.last_failure


def _readings(emission: Emission) -> Readings:
    return {
        metric.name + _labels(point.attributes): point.value for metric in emission.metrics for point in metric.points
    }


def _labels(attributes: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{key}="{text}"' for key, text in attributes.items()) + "}" if attributes else ""
