"""Begin with the state that was left; one that cannot be read is set aside."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.replay import replay
from reduse.processor.core.shard import Shard
from reduse.processor.state.store import LockedError, Store, set_aside

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    store: Store
    shard: Shard
    damaged: bool


# Of a store: what is given what windows of its log emit, some of it not for the first time.
Emitted = Callable[[Store], Callable[[Sequence[Emission]], None]]


def _to_nobody(_: Store) -> Callable[[Sequence[Emission]], None]:
    return lambda _: None


def restore(
    folder: Path, outbox_limit: int, new_engine: Callable[[], Engine], now: int, emitted: Emitted = _to_nobody
) -> Restored:
    """`now` (Unix ns) names what is set aside.

    Raises LockedError, and OSError or sqlite3.OperationalError when the folder cannot be used.
    """
    try:
        return Restored(*_load(folder, outbox_limit, new_engine, emitted), damaged=False)
    except (LockedError, OSError, sqlite3.OperationalError, MemoryError):
        raise
    except Exception:  # whatever is wrong with the state, starting again and again would not mend it
        target = set_aside(folder, now)
        logger.exception("the state is damaged: set aside in %s, starting with an empty state", target)
    return Restored(*_load(folder, outbox_limit, new_engine, emitted), damaged=True)


def _load(folder: Path, outbox_limit: int, new_engine: Callable[[], Engine], emitted: Emitted) -> tuple[Store, Shard]:
    store = Store(folder, outbox_limit)
    try:
        return store, replay(store, new_engine, store.quarantine.hold, emitted=emitted(store)).shard
    except BaseException:
        store.close()
        raise
