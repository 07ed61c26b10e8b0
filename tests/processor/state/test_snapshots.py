"""A snapshot is there in full or not at all, and nothing is left of those before it."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from reduse.processor.state.snapshots import Snapshots
from reduse.processor.state.store import Store, UnavailableError


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("snapshot-*"))


def test_what_was_written_in_parts_is_read_as_one(tmp_path: Path) -> None:
    name = Snapshots(tmp_path).write([b"one", memoryview(b"two"), b""])
    assert Snapshots(tmp_path).read(name) == b"onetwo"
    assert Snapshots(tmp_path).size() == 6


def test_a_write_that_fails_leaves_no_file_and_the_state_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path, 10_000) as store:
        store.save_snapshot([b"before"])
        store.append([b"record"])
        kept = files(tmp_path)

        def full(descriptor: int, part: memoryview) -> int:
            if len(part) < 4:
                raise OSError(errno.ENOSPC, "No space left on device")
            # The system may take a part of it only.
            return os.pwrite(descriptor, part[: len(part) // 2], 0)

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(UnavailableError, match="No space left"):
            store.save_snapshot([b"after" * 100])
        monkeypatch.undo()
        assert files(tmp_path) == kept
        assert (store.snapshot(), list(store.log())) == (b"before", [b"record"])


def test_a_name_that_cannot_be_committed_leaves_the_snapshot_before(tmp_path: Path) -> None:
    with Store(tmp_path, 10_000) as store:
        store.save_snapshot([b"before"])
        kept = files(tmp_path)
        with sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            store._connection.execute("PRAGMA busy_timeout=10")
            with pytest.raises(UnavailableError, match="locked"):
                store.save_snapshot([b"after"])
            other.execute("ROLLBACK")
        other.close()
        assert files(tmp_path) == kept
        assert store.snapshot() == b"before"


def test_a_process_that_died_between_file_and_name_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    with Store(tmp_path, 10_000) as store:
        store.save_snapshot([b"state"])
        kept = files(tmp_path)
    Snapshots(tmp_path).write([b"never named"])
    with Store(tmp_path, 10_000) as store:
        assert files(tmp_path) == kept
        assert store.snapshot() == b"state"


def test_there_is_one_snapshot_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path, 10_000) as store:
        for number in range(5):
            store.save_snapshot([str(number).encode()])
            assert len(files(tmp_path)) == 1
        assert store.snapshot() == b"4"
