"""What is known of a disk by what came of the last write, and by one that does not come back."""

import logging

import pytest

from reduse.processor.pipeline.disk_watch import STALLED_SECONDS, DiskWatch
from reduse.processor.state.store import BusyError, UnavailableError


def _fail() -> None:
    raise UnavailableError("disk I/O error")


def _busy() -> None:
    raise BusyError("database is locked")


def test_a_failure_and_its_end_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    disk = DiskWatch()
    assert disk.writable
    for _ in range(3):
        assert isinstance(disk.write(_fail), UnavailableError)
        assert not disk.writable
    for _ in range(3):
        assert disk.write(lambda: None) is None
        assert disk.writable
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "disk I/O error" in caplog.text


def test_a_database_that_is_busy_says_nothing_of_the_disk() -> None:
    disk = DiskWatch()
    for before in (True, False):
        disk.available = before
        with pytest.raises(BusyError):
            disk.write(_busy)
        assert disk.writable == before


def test_a_write_that_hangs_is_told_once_while_it_does(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    disk = DiskWatch(lambda: now[0])
    with disk.writing():
        now[0] += STALLED_SECONDS - 0.5
        disk.look()
        assert disk.writable
        now[0] += 0.5
        for _ in range(3):
            disk.look()
            assert not disk.writable
    assert disk.writable
    disk.look()
    assert [record.getMessage() for record in caplog.records] == [
        "the disk has not finished a write for 10 s, no request is acknowledged until it has",
        "the disk has finished the write after 10 s",
    ]
