import errno
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reduse.processor.core.engine import Engine
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.formats import STATE_FORMAT
from reduse.processor.core.packing import pack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.record import pack_command, pack_exports
from reduse.processor.core.shard import Shard
from reduse.processor.state import restore as state_restore
from reduse.processor.state.restore import Restored, restore
from reduse.processor.state.store import LAYOUT, LockedError, Store
from tests.processor.builders import EPOCH, export, totals


def restored(folder: Path) -> Restored:
    return restore(folder, 10_000_000, lambda: Engine(BUILT_IN), EPOCH)


def test_snapshot_and_log_give_the_state_that_was(tmp_path: Path) -> None:
    plain = Shard(lambda: Engine(BUILT_IN))
    with Store(tmp_path, 1_000_000) as store:
        for second in range(10):
            exports = [export(second, second + 1.5, {1: 10, second: 3}, anonymous=1)]
            store.append([pack_exports(exports, EPOCH)])
            plain.take(exports, EPOCH)
            for command in plain.due(EPOCH):
                plain.execute(command)
                store.append([pack_command(command)])
            if second == 5:
                store.save_snapshot([pack(plain.dump())])
    again = restored(tmp_path)

    assert not again.damaged
    assert pack(again.shard.dump()) == pack(plain.dump())
    again.store.close()


@pytest.mark.parametrize(
    "what", ["file", "layout", "snapshot", "missing snapshot", "record", "log", "length", "format"]
)
def test_a_damaged_state_is_set_aside_and_an_empty_one_begun(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path, 1_000_000) as store:
        if what == "snapshot":
            store.save_snapshot([b"12345678nonsense"])
        elif what == "missing snapshot":
            store.save_snapshot([b"anything"])
            next(tmp_path.glob("snapshot-*")).unlink()
        elif what == "record":
            store.append([b"nonsense"])
        elif what in ("log", "length"):
            store.append([pack_exports([export(0, 1, {1: 10})], EPOCH)])
        elif what == "format":
            store.save_snapshot([pack({"format": -1})])
    if what == "file":
        (tmp_path / "state.sqlite").write_bytes(b"nonsense" * 1000)
    elif what == "log":
        (tmp_path / "log").write_bytes(b"")
    elif what == "length":
        (tmp_path / "log").write_bytes(b"\xff" * (tmp_path / "log").stat().st_size)
    elif what == "layout":
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection:
            connection.execute("PRAGMA user_version=1")
    with caplog.at_level(logging.ERROR):
        again = restored(tmp_path)

    assert again.damaged
    assert "set aside" in caplog.text
    assert [path.name for path in tmp_path.glob("damaged-*/state.sqlite")] == ["state.sqlite"]
    assert not list(tmp_path.glob("snapshot-*"))
    assert (tmp_path / "log").stat().st_size == 0
    again.shard.take([export(0, 1, {1: 5})], EPOCH)
    assert totals(again.shard.tick(EPOCH))["user"] == 5
    again.store.close()


@pytest.mark.parametrize("what", ["layout", "stamp", "snapshot"])
def test_a_state_of_a_newer_release_is_refused_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    restored(tmp_path).store.close()
    with Store(tmp_path, 1_000_000) as store:
        if what == "snapshot":
            store.save_snapshot([pack({"format": STATE_FORMAT + 1})])
        else:
            store.append([pack_exports([export(0, 1, {1: 10})], EPOCH)])
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection, connection:
        if what == "layout":
            connection.execute(f"PRAGMA user_version={LAYOUT + 1}")
        elif what == "stamp":
            connection.execute("UPDATE format SET number = number + 1")

    def content() -> dict[str, bytes]:
        # The database's own files change also while it is only read.
        return {path.name: path.read_bytes() for path in tmp_path.iterdir() if "sqlite" not in path.name}

    before = content()

    with pytest.raises(NewerFormatError, match="newer release"):
        restored(tmp_path)
    assert content() == before
    assert not list(tmp_path.glob("damaged-*"))


def test_an_earlier_releases_state_is_claimed_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Store(tmp_path, 1_000_000) as store:
        store.append([pack_exports([export(0, 1, {1: 10})], EPOCH)])
    restored(tmp_path).store.close()
    (record,) = caplog.records
    assert record.getMessage() == (
        f"the state in {tmp_path} was written by an earlier release: this release goes on with it in format "
        f"{STATE_FORMAT}, and earlier releases can no longer use it"
    )
    caplog.clear()
    restored(tmp_path).store.close()
    assert not caplog.records


def test_an_empty_folder_is_claimed_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    restored(tmp_path).store.close()
    assert not caplog.records


def test_a_state_in_use_or_not_to_be_opened_now_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path, 1_000_000), pytest.raises(LockedError):
        restored(tmp_path)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "_connect", full)
    with pytest.raises(sqlite3.OperationalError):
        restored(tmp_path)
    assert not list(tmp_path.glob("damaged-*"))


def test_a_disk_that_cannot_be_read_has_damaged_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite says of both that the file is damaged; the next start may read it."""
    with Store(tmp_path, 1_000_000) as store:
        store.append([pack_exports([export(0, 1, {1: 10})], EPOCH)])

    def damaged(_: Store) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    def unreadable(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        disk.setattr(Store, "_check", damaged)
        disk.setattr(state_restore, "check_readable", unreadable)
        with pytest.raises(OSError, match="Input/output error"):
            restored(tmp_path)
    assert not list(tmp_path.glob("damaged-*"))

    answers = [damaged, Store._check]

    def damaged_once(store: Store) -> None:
        answers.pop(0)(store)

    with monkeypatch.context() as disk:
        disk.setattr(Store, "_check", damaged_once)
        again = restored(tmp_path)
    assert not again.damaged, "it failed for a moment only"
    assert totals(again.shard.tick(EPOCH))["user"] == 10
    again.store.close()
