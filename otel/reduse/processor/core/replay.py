"""Bring a shard to where the state is: the snapshot, then the log after it.

A record that makes the core raise leaves the shard half-changed. It is set apart, and everything is done again without
it, so that what comes out is as if it had never come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from reduse.processor.core.engine import Emission, Engine, Outcome
from reduse.processor.core.held import Held
from reduse.processor.core.packing import DamagedError, unpack
from reduse.processor.core.record import Arrival, unpack_record
from reduse.processor.core.shard import Shard

# With more of them it is not the records that are wrong.
LIMIT = 100


class DefectError(Exception):
    """A request made the core raise: it is set apart, and is not to be sent again."""


class Source(Protocol):
    """Where a host keeps the state. Each may be asked for again, and gives the same."""

    def snapshot(self) -> bytes | None: ...

    def log(self) -> Iterable[bytes]:
        """The records after the snapshot, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """`outcomes`: of the records asked for. `kept`: `hold` has kept all that was set apart."""

    shard: Shard
    outcomes: Sequence[Outcome | DefectError]
    kept: bool


@dataclass(frozen=True, slots=True)
class _Failed:
    number: int
    body: bytes
    what: Held
    error: Exception


def replay(
    source: Source,
    new_engine: Callable[[], Engine],
    hold: Callable[[bytes, Held, Exception], bool],
    *,
    last: int = 0,
    beyond: Sequence[bytes] = (),
    emitted: Callable[[Sequence[Emission]], None] = lambda _: None,
) -> Replayed:
    """The shard that the state tells of, with the records `beyond` the log's end.

    `hold` sets a record apart, and tells whether it is kept. `last`: of the last so many records the outcomes. What a
    Close emits was sent, or is kept by the host to be sent; `emitted` is given it all the same, some of it twice when a
    record is set apart. Raises whatever says that the state is damaged or cannot be read.
    """
    apart: set[int] = set()
    kept = True
    while True:
        shard = _from_snapshot(source, new_engine)
        outcomes: deque[Outcome | DefectError] = deque(maxlen=last)
        failed = _apply_all(shard, enumerate(chain(source.log(), beyond)), apart, outcomes, emitted)
        if failed is None:
            return Replayed(shard, outcomes, kept)
        if len(apart) >= LIMIT:
            raise DamagedError(f"more than {LIMIT} records of the log cannot be applied") from failed.error
        apart.add(failed.number)
        kept &= hold(failed.body, failed.what, failed.error)


def _from_snapshot(source: Source, new_engine: Callable[[], Engine]) -> Shard:
    shard = Shard(new_engine)
    snapshot = source.snapshot()
    if snapshot is not None:
        shard.load(unpack(snapshot))
    return shard


def _apply_all(
    shard: Shard,
    records: Iterable[tuple[int, bytes]],
    apart: Container[int],
    outcomes: deque[Outcome | DefectError],
    emitted: Callable[[Sequence[Emission]], None],
) -> _Failed | None:
    """The first that makes the core raise; then the shard is of no use any more."""
    for number, body in records:
        if number in apart:
            outcomes.append(DefectError("the request triggered a defect of the processor: see its log"))
            continue
        what = Held.COMMAND
        try:
            record = unpack_record(body)
            if isinstance(record, Arrival):
                what = Held.REQUEST
                # Records of earlier releases do not tell when they came: with what came last before them.
                outcomes.append(shard.take(record.exports, shard.engine.heard if record.now is None else record.now))
            else:
                emitted(shard.execute(record))
                outcomes.append(Outcome())
        except (DamagedError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others do not suffer from it
            return _Failed(number, body, what, error)
    return None
