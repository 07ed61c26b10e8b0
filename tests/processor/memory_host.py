"""A host that keeps everything in lists: the same seam as the server's and Kafka's, with nothing around it.

Its log has what came, as Kafka's does, and the ticks; it is never cut. What was emitted stays emitted: whoever begins
again at a snapshot emits what came after it again, and that is to be the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.columns import Export, Kind
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.shard import Shard, is_stale
from reduse.processor.core.units import NANOSECONDS

HASH_BITS = 64

# Narrow ones too, so that what is done at each of them is done again alike.
BOUNDS = st.builds(
    Bounds,
    streams=st.integers(1, 4),
    services=st.integers(1, 2),
    forget=st.just(1000 * NANOSECONDS),
    repeat_horizon=st.sampled_from([2, 300]).map(lambda seconds: seconds * NANOSECONDS),
    repeat_words=st.sampled_from([200, 8_000_000]),
    window_users=st.sampled_from([2, 1_000_000]),
    open_windows=st.sampled_from([3, 600]),
    open_rows=st.sampled_from([6, 1_000_000]),
)


@dataclass(frozen=True)
class Taken:
    exports: tuple[Export, ...]
    now: int


@dataclass(frozen=True)
class Ticked:
    now: int


@dataclass(frozen=True)
class Resumed:
    now: int


Record = Taken | Ticked | Resumed


@dataclass(frozen=True)
class Stored:
    """What a host has on disk: the state, that is packed, and the record after it."""

    state: bytes
    offset: int

    @property
    def sequence(self) -> int:
        found: int = unpack(self.state)["sequence"]
        return found


@dataclass
class Partition:
    """One shard's log, and all that was ever emitted after a record of it, each time that this was done."""

    log: list[Record] = field(default_factory=list)
    stored: Stored | None = None
    emitted: dict[int, list[list[Emission]]] = field(default_factory=dict)

    @property
    def emissions(self) -> list[Emission]:
        """In order. Raises AssertionError when a record that was done again gave something else."""
        for offset, times in self.emitted.items():
            assert all(each == times[0] for each in times), f"record {offset} was not done again alike"
        return [emission for offset in sorted(self.emitted) for emission in self.emitted[offset][0]]


class Worker:
    """Has one partition for as long as it lives."""

    def __init__(self, partition: Partition, new_engine: Callable[[], Engine]) -> None:
        self.partition = partition
        self.shard = Shard(new_engine)
        self.offset = 0
        self.load()

    def load(self) -> None:
        """Be where the stored state is."""
        stored = self.partition.stored
        self.offset = 0 if stored is None else stored.offset
        if stored is not None:
            self.shard.load(unpack(stored.state))

    def come_back(self) -> None:
        """The partition was with somebody else: it goes on after the record that is stored."""
        stored = self.partition.stored
        if is_stale(self.shard, 0 if stored is None else stored.sequence):
            self.shard = Shard(self.shard.new_engine)
            self.load()
        self.offset = 0 if stored is None else stored.offset

    def work(self, records: int | None = None) -> None:
        """Do so many of the records that wait, or all."""
        end = len(self.partition.log) if records is None else min(self.offset + records, len(self.partition.log))
        while self.offset < end:
            emissions = self._do(self.partition.log[self.offset])
            self.partition.emitted.setdefault(self.offset, []).append(emissions)
            self.offset += 1

    def _do(self, record: Record) -> list[Emission]:
        match record:
            case Taken(exports, now):
                self.shard.take(exports, now)
            case Resumed(now):
                self.shard.resume(now)
            case Ticked(now):
                return self.shard.tick(now)
        return []

    def store(self) -> None:
        self.partition.stored = Stored(pack(self.shard.dump()), self.offset)


def dealt(exports: Iterable[Export], bits: int) -> list[list[Export]]:
    """For each shard what its users did, by the first bits of their hashes; every part has the unidentified point, so
    that every shard hears how far the stream has come, and the first has its requests.
    """
    return [[_part(export, number, bits) for export in exports] for number in range(2**bits)]


def _part(export: Export, number: int, bits: int) -> Export:
    of_users = export.kinds == Kind.USER
    first = export.users >> np.uint64(HASH_BITS - bits) if bits else np.zeros_like(export.users)
    own = np.where(of_users, first == number, number == 0)
    rows = np.flatnonzero(own | (export.kinds == Kind.ANONYMOUS))
    return Export(
        export.stream,
        export.start,
        export.time,
        export.kinds[rows],
        export.users[rows],
        np.where(own[rows], export.counts[rows], 0),
        np.where(own[rows], export.microseconds[rows], 0),
        None if export.starts is None else export.starts[rows],
        export.request_class,
    )


def run(partition: Partition, new_engine: Callable[[], Engine], records: Sequence[Record]) -> list[Emission]:
    """What one worker emits that is never ended."""
    partition.log.extend(records)
    Worker(partition, new_engine).work()
    return partition.emissions
