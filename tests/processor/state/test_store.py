import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from reduse.processor.state.store import LockedError, OutboxReader, Store, UnavailableError, set_aside
from tests.processor.state.disk import files_of_at_most


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path, outbox_limit=10_000) as opened:
        yield opened


def test_what_was_appended_is_there_after_opening_again(tmp_path: Path) -> None:
    with Store(tmp_path, 10_000) as first:
        instance = first.instance
        first.append([b"a", b"b"], [b"payload"])
    with Store(tmp_path, 10_000) as second:
        assert list(second.log()) == [b"a", b"b"]
        assert second.instance == instance
        assert second.outbox.payloads == 1


def test_a_snapshot_takes_the_place_of_the_log(store: Store) -> None:
    store.append([b"a"])
    store.save_snapshot([b"st", memoryview(b"ate")])
    store.append([b"b"])

    assert store.snapshot() == b"state"
    assert list(store.log()) == [b"b"]


def test_sent_payloads_leave_the_outbox_and_the_order_stays(store: Store, tmp_path: Path) -> None:
    store.append([], [b"one", b"two", b"three"])
    reader = OutboxReader(tmp_path)
    (first, _), *rest = reader.after(0, 10)
    store.append([], [b"four"], sent=first)

    assert [body for _, body in rest] == [b"two", b"three"]
    assert [body for _, body in reader.after(0, 10)] == [b"two", b"three", b"four"]
    assert (store.outbox.payloads, store.outbox.size) == (3, 12)
    reader.close()


def test_beyond_its_bound_the_outbox_drops_the_oldest_and_counts(store: Store, tmp_path: Path) -> None:
    for number in range(15):
        store.append([], [bytes([number]) * 1000])
    reader = OutboxReader(tmp_path)

    assert [body[0] for _, body in reader.after(0, 100)] == list(range(5, 15))
    assert store.outbox.dropped == 5
    reader.close()


def test_what_fails_in_a_transaction_is_undone_and_the_next_one_is_made(store: Store) -> None:
    store.append([b"before"], [b"payload"])
    statements = ["DELETE FROM outbox", "DELETE FROM nowhere"]
    with pytest.raises(UnavailableError, match="no such table"), store._transaction() as connection:
        list(map(connection.execute, statements))
    assert store.outbox.payloads == 1
    store.append([b"after"], [b"another"])
    assert list(store.log()) == [b"before", b"after"]
    assert store.outbox.payloads == 2


def test_a_full_disk_changes_nothing_and_passes(store: Store) -> None:
    store.append([b"before"])
    with files_of_at_most(50_000), pytest.raises(UnavailableError, match="File too large"):
        store.append([b"x" * 100_000], [b"payload"])
    with files_of_at_most(store.size), pytest.raises(UnavailableError, match=r"full|I/O"):
        store.append([b"y"], [b"payload" * 10_000])
    assert (list(store.log()), store.outbox.payloads) == ([b"before"], 0)

    store.append([b"after"])
    assert list(store.log()) == [b"before", b"after"]


def test_a_snapshot_counts_though_the_disk_fails_right_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put into the log next is behind the snapshot, and not behind what the snapshot has replaced."""
    with Store(tmp_path, 10_000) as store:
        store.append([b"before"])
        with monkeypatch.context() as disk:
            disk.setattr(Path, "glob", _fail)
            store.save_snapshot([b"state"])
            assert store.size == 0, "nobody has seen a size yet"
        store.append([b"after"])
        assert store.size > 0
    with Store(tmp_path, 10_000) as again:
        assert again.snapshot() == b"state"
        assert list(again.log()) == [b"after"]


def test_after_a_commit_of_which_the_disk_says_nothing_the_database_is_asked_before_the_next(store: Store) -> None:
    """It failed, and so did the question whether it was made: nothing is written over it, and nothing comes twice."""
    store.append([b"before"])
    connection = _FailingConnection(store._connection, "COMMIT", "ROLLBACK")
    store._connection = cast("sqlite3.Connection", connection)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="disk I/O error"):
            store.append([b"refused"])
    with pytest.raises(UnavailableError, match="disk I/O error"):
        store.probe()
    connection.failing = ()
    store.append([b"after"], [b"payload"])
    assert list(store.log()) == [b"before", b"after"]
    assert store.outbox.payloads == 1


def test_what_sqlite_takes_for_damage_while_the_disk_fails_is_read_again_before_it_is_believed(
    store: Store, tmp_path: Path
) -> None:
    """Even if the disk is back by the time that somebody asks it."""
    store.append([b"before"], [b"payload"])
    malformed = sqlite3.DatabaseError("database disk image is malformed")
    connection = _FailingConnection(store._connection, "COMMIT", "SELECT", error=malformed)
    store._connection = cast("sqlite3.Connection", connection)
    with pytest.raises(UnavailableError, match="malformed"):
        store.append([b"refused"])
    store.append([b"after"], [b"another"])
    assert list(store.log()) == [b"before", b"after"]
    assert store.outbox.payloads == 2


def test_a_file_that_is_damaged_while_it_is_in_use_is_not_taken_for_a_disk_that_fails(
    store: Store, tmp_path: Path
) -> None:
    store.append([b"before"], [b"payload"])
    with sqlite3.connect(tmp_path / "state.sqlite") as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    with (tmp_path / "state.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * 4096 * 20)
    malformed = sqlite3.DatabaseError("database disk image is malformed")
    store._connection = cast("sqlite3.Connection", _FailingConnection(store._connection, "COMMIT", error=malformed))
    with pytest.raises(sqlite3.DatabaseError):
        store.append([b"refused"])


class _FailingConnection:
    """One of SQLite, of which statements that begin so fail."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *failing: str,
        error: sqlite3.DatabaseError = sqlite3.OperationalError("disk I/O error"),  # noqa: B008 - raised, not changed
    ) -> None:
        self._connection = connection
        self.failing = failing
        self._error = error

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        if statement.startswith(self.failing):
            raise self._error
        return self._connection.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _fail(*_: object) -> Iterator[Path]:
    raise OSError(errno.EIO, "Input/output error")


def test_two_processes_do_not_share_a_state(store: Store, tmp_path: Path) -> None:
    assert store.instance
    with pytest.raises(LockedError):
        Store(tmp_path, 10_000)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        Store(tmp_path, 10_000)


def test_only_the_newest_damaged_states_are_kept(tmp_path: Path) -> None:
    for now in range(5):
        (tmp_path / "state.sqlite").write_bytes(bytes([now]))
        set_aside(tmp_path, now)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged-2", "damaged-3", "damaged-4"]
