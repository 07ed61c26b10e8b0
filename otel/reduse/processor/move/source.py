"""The state that a processor with a server has left in its folder. It stays as it is, and is ours alone meanwhile."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reduse.processor.core.engine import Engine
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.replay import replay
from reduse.processor.core.shard import Shard
from reduse.processor.state.store import FILE, LockedError, OutboxReader, Store

# Nothing is put into its outbox.
_OUTBOX_LIMIT = 2**63
_PAYLOADS = 64


class SourceError(Exception):
    """The state cannot be moved; one line that names the cure."""


@dataclass(frozen=True, slots=True)
class Source:
    """`instance`: as who the processor has spoken. `payloads`: what it said, that the gateway does not have yet."""

    folder: Path
    shard: Shard
    instance: str
    payloads: int

    def bodies(self) -> Iterator[bytes]:
        """The payloads in order, each an encoded export request."""
        reader, last = OutboxReader(self.folder), 0
        try:
            while found := reader.after(last, _PAYLOADS):
                for last, body in found:  # noqa: B007 - the last one is where the next begin
                    yield zlib.decompress(body)
        finally:
            reader.close()


@contextmanager
def opened(folder: Path, new_engine: Callable[[], Engine]) -> Iterator[Source]:
    """Until the block ends no processor can start there. Raises SourceError."""
    if not (folder / FILE).is_file():
        raise SourceError(f"{folder} contains no state: use the folder that was REDUSE_PROCESSOR_STATE_DIR")
    try:
        store = Store(folder, _OUTBOX_LIMIT)
    except LockedError:
        raise SourceError(f"{folder}: a processor is using it: stop it with SIGTERM first") from None
    except NewerFormatError as error:
        raise _newer(folder, error) from error
    except (OSError, sqlite3.Error) as error:
        raise _unreadable(folder, error) from error
    with store:
        try:
            shard = replay(store, new_engine, store.quarantine.hold).shard
        except NewerFormatError as error:
            raise _newer(folder, error) from error
        except Exception as error:  # whatever is wrong with it, it is left as it is
            raise _unreadable(folder, error) from error
        yield Source(folder, shard, store.instance, store.outbox.payloads)


def _newer(folder: Path, error: NewerFormatError) -> SourceError:
    return SourceError(f"{folder}: {error}: move it with that release; nothing was changed")


def _unreadable(folder: Path, error: Exception) -> SourceError:
    return SourceError(f"{folder} cannot be read and was not changed: start the processor with it once more: {error!r}")
