"""Bring an engine to where the state is: the snapshot, then the log after it.

A record that makes the core raise leaves the engine half-changed. It is set apart, and everything is done again without
it, so that what comes out is as if it had never come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from reduse.processor.core.engine import Engine, Outcome
from reduse.processor.core.packing import DamagedError, unpack
from reduse.processor.core.record import Arrival, unpack_record
from reduse.processor.state.quarantine import Held
from reduse.processor.state.store import Store

# With more of them it is not the records that are wrong.
LIMIT = 100


class DefectError(Exception):
    """A request made the core raise: it is set apart, and is not to be sent again."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """`outcomes`: of the records asked for. `kept`: all that was set apart is on disk."""

    engine: Engine
    outcomes: Sequence[Outcome | DefectError]
    kept: bool


@dataclass(frozen=True, slots=True)
class _Failed:
    number: int
    body: bytes
    what: Held
    error: Exception


def replay(
    store: Store, new_engine: Callable[[], Engine], now: int, *, last: int = 0, beyond: Sequence[bytes] = ()
) -> Replayed:
    """The engine that the state tells of, with the records `beyond` the log's end.

    `last`: of the last so many records the outcomes. `now` (Unix ns): for records that do not say when they came.
    What a Close emits is in the outbox already. Raises whatever says that the state is damaged or cannot be read.
    """
    apart: set[int] = set()
    kept = True
    while True:
        engine = _from_snapshot(store, new_engine, now)
        outcomes: deque[Outcome | DefectError] = deque(maxlen=last)
        failed = _apply_all(engine, enumerate(chain(store.log(), beyond)), apart, now, outcomes)
        if failed is None:
            return Replayed(engine, outcomes, kept)
        if len(apart) >= LIMIT:
            raise DamagedError(f"more than {LIMIT} records of the log cannot be applied") from failed.error
        apart.add(failed.number)
        kept &= store.quarantine.hold(failed.body, failed.what, failed.error)


def _from_snapshot(store: Store, new_engine: Callable[[], Engine], now: int) -> Engine:
    engine = new_engine()
    snapshot = store.snapshot()
    if snapshot is not None:
        engine.load(unpack(snapshot), now)
    return engine


def _apply_all(
    engine: Engine,
    records: Iterable[tuple[int, bytes]],
    apart: Container[int],
    now: int,
    outcomes: deque[Outcome | DefectError],
) -> _Failed | None:
    """The first that makes the core raise; then the engine is of no use any more."""
    for number, body in records:
        if number in apart:
            outcomes.append(DefectError("the request met a defect of the processor, see its log"))
            continue
        what = Held.COMMAND
        try:
            record = unpack_record(body)
            if isinstance(record, Arrival):
                what = Held.REQUEST
                outcomes.append(engine.apply(record.exports, now if record.now is None else record.now))
            else:
                engine.execute(record)
                outcomes.append(Outcome())
        except (DamagedError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others do not suffer from it
            return _Failed(number, body, what, error)
    return None
