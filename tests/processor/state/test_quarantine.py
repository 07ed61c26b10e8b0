"""What is set apart is on disk, bounded, and told of once."""

import errno
import logging
from pathlib import Path

import pytest

from reduse.processor.core.held import Held
from reduse.processor.state import quarantine
from reduse.processor.state.quarantine import FILES_KEPT, FOLDER, Quarantine
from tests.processor.state.disk import files_of_at_most

ERROR = ZeroDivisionError("defect")


def test_what_is_met_again_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = Quarantine(tmp_path)
    with caplog.at_level(logging.ERROR):
        assert made.hold(b"body", Held.REQUEST, ERROR)
        assert made.hold(b"body", Held.REQUEST, ERROR)

    (path,) = (tmp_path / FOLDER).iterdir()
    assert path.read_bytes() == b"body"
    assert str(path) in caplog.records[0].getMessage()
    assert len(caplog.records) == 1
    assert (made.counts, made.size) == ({"request": 1}, 4)
    assert Quarantine(tmp_path).size == 4


def test_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Quarantine(tmp_path)
    for number in range(3 * FILES_KEPT):
        made.hold(bytes([number]), Held.REQUEST, ERROR)
    bodies = [path.read_bytes() for path in (tmp_path / FOLDER).iterdir()]
    assert len(bodies) == FILES_KEPT
    assert bytes([3 * FILES_KEPT - 1]) in bodies

    monkeypatch.setattr(quarantine, "BYTES_KEPT", 100)
    for number in range(5):
        made.hold(bytes([number]) * 40, Held.SERVICE, ERROR)
    assert made.size <= 100
    assert made.counts == {"request": 3 * FILES_KEPT, "service": 5}


def test_a_full_disk_is_said_and_it_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = Quarantine(tmp_path)
    with files_of_at_most(10):
        assert not made.hold(b"x" * 100, Held.REQUEST, ERROR)
    assert "cannot be kept" in caplog.text
    assert (list((tmp_path / FOLDER).iterdir()), made.counts) == ([], {"request": 1})

    assert made.hold(b"x" * 100, Held.REQUEST, ERROR)
    assert (made.size, made.counts) == (100, {"request": 1})


def test_a_failing_disk_costs_what_is_held_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Quarantine(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    for method in ("glob", "exists", "mkdir"):
        with monkeypatch.context() as disk:
            disk.setattr(Path, method, fail)
            made.hold(method.encode(), Held.REQUEST, ERROR)
    assert made.counts == {"request": 3}
    assert made.hold(b"body", Held.REQUEST, ERROR)
    assert made.size == len(b"globbody")
