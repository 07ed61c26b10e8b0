"""Begin with the state that was left; one that cannot be read is set aside."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.formats import STATE_FORMAT
from reduse.processor.core.replay import replay
from reduse.processor.core.shard import Shard
from reduse.processor.state.files import check_readable
from reduse.processor.state.store import READ_ATTEMPTS, LockedError, Store, set_aside

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

    Raises LockedError; NewerFormatError when a newer release wrote the state; OSError or sqlite3.OperationalError when
    the folder cannot be used.
    """
    damage: Exception | None = None
    for _ in range(READ_ATTEMPTS):
        try:
            return Restored(*_load(folder, outbox_limit, new_engine, emitted), damaged=False)
        except (LockedError, NewerFormatError, OSError, sqlite3.OperationalError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, starting again would not mend it
            damage = error
        # What the disk does not give to read is not damaged: it is there again when the disk is.
        check_readable(folder)
    target = set_aside(folder, now)
    logger.error("the state is damaged: set aside in %s, starting with an empty state", target, exc_info=damage)
    return Restored(*_load(folder, outbox_limit, new_engine, emitted), damaged=True)


def _load(folder: Path, outbox_limit: int, new_engine: Callable[[], Engine], emitted: Emitted) -> tuple[Store, Shard]:
    store = Store(folder, outbox_limit)
    try:
        shard = replay(store, new_engine, store.quarantine.hold, emitted=emitted(store)).shard
        _claim(store, folder)
    except BaseException:
        store.close()
        raise
    return store, shard


def _claim(store: Store, folder: Path) -> None:
    before = store.claim_format()
    if before is not None:
        logger.warning(
            "the state in %s was written by an earlier release%s: this release goes on with it in format %d, and "
            "earlier releases can no longer use it",
            folder,
            f" in format {before}" if before else "",
            STATE_FORMAT,
        )
