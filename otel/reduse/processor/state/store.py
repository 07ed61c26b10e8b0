"""The state on disk: an SQLite file with the outbox, and beside it a log and a snapshot; written by one thread.

The database says what counts of the two others: where the log ends, and which file is the snapshot. They are durable
before a transaction says so. The log holds what happened since the snapshot; a snapshot is written in full, then its
name takes the log's place in one transaction. WAL with synchronous=FULL: what is committed survives kill -9 and a power
cut.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from reduse.processor.core.format_check import check_format
from reduse.processor.core.formats import OLDEST_FORMAT, STATE_FORMAT
from reduse.processor.state import log
from reduse.processor.state.files import check_readable
from reduse.processor.state.log import Log
from reduse.processor.state.quarantine import Quarantine
from reduse.processor.state.snapshots import PREFIX, Snapshots

FILE = "state.sqlite"
# Of the damaged states set aside, so many are kept.
DAMAGED_KEPT = 3
BUSY_SECONDS = 5.0
# By which a disk that takes no writes is found while there is nothing to write.
PROBE_FILE = "probe"
PROBE_BYTES = 64 * 2**10
PROBE_BUSY_MILLISECONDS = 50
# A disk that failed for a moment has given what looks like damage.
READ_ATTEMPTS = 2

# Of the tables below; raised when they change.
LAYOUT = 3

_SCHEMA = f"""
PRAGMA user_version={LAYOUT};
CREATE TABLE IF NOT EXISTS identity (instance TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), file TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY CHECK (one = 1), end INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS format (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
"""


NO_MEMORY = "there is not enough memory at the moment"


class LockedError(Exception):
    """Another process has this state."""


class UnavailableError(Exception):
    """Nothing was written; it may work later (disk full, file busy, I/O error, no memory)."""


class BusyError(UnavailableError):
    """Another process writes into the database at the moment."""


class MissingSnapshotError(Exception):
    """The state has a snapshot, and its file is not there."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits to be sent."""

    payloads: int
    size: int
    dropped: int


class Store:
    """Use it from one thread; `OutboxReader` has a connection of its own."""

    def __init__(self, folder: Path, outbox_limit: int) -> None:
        """Takes the folder's lock.

        Raises LockedError; NewerFormatError; OSError; sqlite3.DatabaseError when the file is damaged.
        """
        self._path = folder / FILE
        self._snapshots = Snapshots(folder)
        self.quarantine = Quarantine(folder)
        self._outbox_limit = outbox_limit
        self._dropped = self._size = 0
        # Whether a transaction has failed since the database was asked what counts.
        self._in_doubt = False
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise LockedError(f"{folder} is in use by another process") from error
        try:
            self._connect()
        except BaseException:
            self._lock.close()
            raise

    def _connect(self) -> None:
        self._connection = _connection(self._path)
        try:
            execute = self._connection.execute
            self._check()
            self._connection.executescript(_SCHEMA)
            execute("INSERT OR IGNORE INTO log VALUES (1, 0)")
            if execute("SELECT instance FROM identity").fetchone() is None:
                execute("INSERT INTO identity VALUES (?)", (str(uuid.uuid4()),))
            (self.instance,) = execute("SELECT instance FROM identity").fetchone()
            self._count_outbox()
            self._snapshots.remove_but(self._snapshot_file())
            self._log = Log(self._path.parent, self._log_end())
        except BaseException:
            self._connection.close()
            raise

    def _check(self) -> None:
        (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables:
            check_format("the state's database", layout, LAYOUT)
            check_format("the state", self._format() or STATE_FORMAT, STATE_FORMAT, OLDEST_FORMAT)

    def _format(self) -> int:
        """Of what is in the log and the snapshot, at most; 0 where the release that wrote it did not say so."""
        (told,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'format'").fetchone()
        row = self._connection.execute("SELECT number FROM format").fetchone() if told else None
        return 0 if row is None else int(row[0])

    def claim_format(self) -> int | None:
        """From now on this release writes here, so that an earlier one no longer reads it, and says so.

        The format of the earlier release that wrote the state before (0 where it did not say), or None.
        """
        before = self._format()
        if before == STATE_FORMAT:
            return None
        empty = self._snapshot_file() is None and self._log_end() == 0
        self._connection.execute("INSERT OR REPLACE INTO format VALUES (1, ?)", (STATE_FORMAT,))
        return None if empty and not before else before

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._log.close()
        self._connection.close()
        self._lock.close()

    def snapshot(self) -> bytes | None:
        """Raises MissingSnapshotError when its file is gone, OSError when it cannot be read now."""
        file = self._snapshot_file()
        try:
            return None if file is None else self._snapshots.read(file)
        except FileNotFoundError as error:
            raise MissingSnapshotError(f"{file} is gone") from error

    def _snapshot_file(self) -> str | None:
        row = self._connection.execute("SELECT file FROM snapshot").fetchone()
        return None if row is None else str(row[0])

    def log(self) -> Iterator[bytes]:
        """Records since the snapshot, in order. Raises TornError, OSError."""
        return self._log.read()

    def _log_end(self) -> int:
        (end,) = self._connection.execute("SELECT end FROM log").fetchone()
        return int(end)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self._payloads, self._outbox_size, self._dropped)

    @property
    def size(self) -> int:
        """Bytes of the file, its journal, the log and the snapshot; while the disk fails, those that were seen last."""
        journal = self._path.with_name(f"{FILE}-wal")
        with suppress(OSError):
            database = sum(path.stat().st_size for path in (self._path, journal) if path.exists())
            self._size = database + self._log.size + self._snapshots.size()
        return self._size

    def append(self, records: Sequence[bytes], payloads: Sequence[bytes] = (), sent: int = 0) -> None:
        """One durable transaction: log records, put payloads into the outbox, take out those sent (through `sent`).

        Beyond the outbox's bound its oldest payloads are dropped and counted: newer ones hold the counters' values.
        Raises UnavailableError, and then nothing was done.
        """
        self._settle()
        dropped = self._dropped
        try:
            end = self._log.write(records) if records else self._log.end
        except OSError as error:
            raise UnavailableError(str(error)) from error
        with self._transaction() as connection:
            if records:
                connection.execute("UPDATE log SET end = ?", (end,))
            connection.executemany("INSERT INTO outbox (body) VALUES (?)", ((body,) for body in payloads))
            if sent:
                connection.execute("DELETE FROM outbox WHERE sequence <= ?", (sent,))
            if payloads or sent:
                self._count_outbox() if sent else self._grow_outbox(payloads)
                dropped += self._trim_outbox(connection)
        self._log.end, self._dropped = end, dropped

    def probe(self) -> None:
        """Write what is of no use: in the database, and in a new file.

        Raises UnavailableError; BusyError when another process writes into the database, which says nothing of the disk
        and is not waited for, as requests would wait with it.
        """
        self._settle()
        path = self._path.with_name(PROBE_FILE)
        try:
            try:
                with path.open("wb") as file:
                    file.write(bytes(PROBE_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise UnavailableError(str(error)) from error
        self._connection.execute(f"PRAGMA busy_timeout = {PROBE_BUSY_MILLISECONDS}")
        try:
            with self._transaction() as connection:
                connection.execute("UPDATE log SET end = end")
        except UnavailableError as error:
            if _is_busy(error.__cause__):
                raise BusyError(str(error)) from error
            raise
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    def save_snapshot(self, parts: Sequence[bytes | memoryview]) -> None:
        """Raises UnavailableError, and then nothing was done."""
        self._settle()
        try:
            file = self._snapshots.write(parts)
        except OSError as error:
            raise UnavailableError(str(error)) from error
        try:
            with self._transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO snapshot VALUES (1, ?)", (file,))
                connection.execute("UPDATE log SET end = 0")
        except UnavailableError:
            # A commit that failed may have been made all the same: the database says which file counts.
            with suppress(sqlite3.Error):
                self._snapshots.remove_but(self._snapshot_file())
            raise
        self._log.end = 0
        self._snapshots.remove_but(file)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._in_doubt = True
            unavailable = self._unavailable(error)
            with suppress(UnavailableError):
                self._settle()
            raise unavailable from error

    def _settle(self) -> None:
        """Ask the database what counts, where a transaction has failed: its commit may have been made all the same.

        Raises UnavailableError when it does not answer; then it is asked again before the next write.
        """
        if not self._in_doubt:
            return
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._log.end = self._log_end()
            self._count_outbox()
        except sqlite3.DatabaseError as error:
            raise self._unavailable(error) from error
        self._in_doubt = False

    def _unavailable(self, error: sqlite3.DatabaseError) -> UnavailableError:
        """What a disk does not give to read is a damaged file to SQLite: it is read anew before that is believed.

        Raises sqlite3.DatabaseError when the file is damaged.
        """
        if isinstance(error, sqlite3.OperationalError):
            return UnavailableError(str(error))
        damage = error
        for _ in range(READ_ATTEMPTS):
            try:
                check_readable(self._path.parent)
                self._reconnect()
            except (OSError, sqlite3.OperationalError) as unreadable:
                return UnavailableError(str(unreadable))
            except sqlite3.DatabaseError as again:
                # The disk may have failed once more, which the next attempt asks it.
                damage = again
            else:
                return UnavailableError(str(error))
        raise damage

    def _reconnect(self) -> None:
        """Put a connection in the place of one that may hold what a failing disk gave it."""
        connection = _connection(self._path)
        self._connection.close()
        self._connection = connection

    def _count_outbox(self) -> None:
        self._payloads, self._outbox_size = self._connection.execute(
            "SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0) FROM outbox"
        ).fetchone()

    def _grow_outbox(self, payloads: Sequence[bytes]) -> None:
        self._payloads += len(payloads)
        self._outbox_size += sum(map(len, payloads))

    def _trim_outbox(self, connection: sqlite3.Connection) -> int:
        dropped = 0
        while self._outbox_size > self._outbox_limit and self._payloads > 1:
            sequence, size = connection.execute(
                "SELECT sequence, LENGTH(body) FROM outbox ORDER BY sequence LIMIT 1"
            ).fetchone()
            connection.execute("DELETE FROM outbox WHERE sequence = ?", (sequence,))
            self._payloads -= 1
            self._outbox_size -= size
            dropped += 1
        return dropped


def _connection(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError when the file is damaged."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864"):
            connection.execute(f"PRAGMA {setting}")
        _check_whole(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_whole(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _is_busy(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


class OutboxReader:
    """Reads the outbox on a connection of its own, for the sender's thread."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(
            f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, check_same_thread=False
        )

    def after(self, sequence: int, limit: int) -> list[tuple[int, bytes]]:
        """The oldest payloads after this one: (sequence, body)."""
        return self._connection.execute(
            "SELECT sequence, body FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?", (sequence, limit)
        ).fetchall()

    def close(self) -> None:
        self._connection.close()


def set_aside(folder: Path, now: int) -> Path:
    """Move a damaged state out of the way, keeping the newest few; returns where it is now."""
    target = folder / f"damaged-{now}"
    target.mkdir()
    for path in (*folder.glob(f"{FILE}*"), *folder.glob(f"{PREFIX}*"), *folder.glob(log.FILE)):
        path.rename(target / path.name)
    for old in sorted(folder.glob("damaged-*"))[:-DAMAGED_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return target
