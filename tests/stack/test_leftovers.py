"""After `kill -9` of the supervisor its parts are known, told and ended in order; nobody else's are touched."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from reduse.settings.stack import Settings
from reduse.stack import leftovers
from reduse.stack.part import STORES
from reduse.stack.status import LEFT_OVER, statuses
from reduse.stack.supervision import Supervisor
from tests.process import Process
from tests.stack.small_parts import FOR_EVER, database_and_service, running, shell, until
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor that was killed; `ended` is where its parts say how they ended."""
    settings = Settings(state_dir=tmp_path / "state")
    with running(settings, database_and_service(tmp_path / "ended")) as supervisor:
        for part in ("database", "service"):
            until(supervisor, part, "RUNNING")
        kill(supervisor)
        yield supervisor


def kill(supervisor: Supervisor) -> None:
    pid = supervisor.pid()
    assert pid is not None
    process = psutil.Process(pid)
    process.kill()
    psutil.wait_procs([process], timeout=PATIENCE_SECONDS)


def test_they_are_told_by_name_the_last_started_first(left: Supervisor) -> None:
    found = left.leftovers()
    assert [each.part for each in found] == ["service", "database"]
    assert leftovers.told(found).startswith(
        f"Left over from a supervisor that was killed: service (process {found[0].process.pid}), "
    )
    assert [(part.name, part.state, part.healthy) for part in statuses(left)] == [
        ("service", LEFT_OVER, False),
        ("database", LEFT_OVER, False),
    ]


def test_they_are_ended_in_order_each_by_its_own_signal(left: Supervisor, tmp_path: Path) -> None:
    assert left.stop()
    assert (tmp_path / "ended").read_text().splitlines() == ["stopped service", "stopped database"]
    assert left.leftovers() == []
    assert left.stop() is False


def test_they_are_known_without_any_file_of_the_supervisor(left: Supervisor, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "state" / "run")
    assert [each.part for each in left.leftovers()] == ["service", "database"]
    assert left.stop()


def test_a_folder_is_the_same_by_another_name(left: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    assert len(Supervisor(Settings(state_dir=tmp_path / "link")).leftovers()) == 2


def test_what_does_not_end_in_time_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "GRACE_SECONDS", 0.5)
    deaf = shell("deaf", "trap '' TERM INT; sleep 600 & while :; do sleep 0.05; done")
    with running(Settings(state_dir=tmp_path), [deaf]) as supervisor:
        until(supervisor, "deaf", "RUNNING")
        kill(supervisor)
        [found] = supervisor.leftovers()
        family = found.family()
        assert len(family) > 1
        supervisor.stop()
        assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_nobody_elses_processes_are_touched(tmp_path: Path, left: Supervisor) -> None:
    other = Settings(state_dir=tmp_path / "state2")
    command = [sys.executable, "-c", "import time; time.sleep(600)", str(tmp_path / "state")]
    # One names the folder, one has been told the mark of another folder, as a stack beside this one.
    with ExitStack() as ended:
        unmarked, marked = (
            ended.enter_context(
                Process(command, tmp_path / "log", environment=os.environ | marks, directory=tmp_path / "state")
            )
            for marks in ({}, leftovers.marks(other, "service", STORES, "TERM"))
        )
        assert Supervisor(other).leftovers()[0].process.pid == marked.pid
        left.stop()
        assert unmarked.alive
        assert marked.alive


def test_a_running_supervisor_has_no_leftovers(tmp_path: Path) -> None:
    with running(Settings(state_dir=tmp_path), [shell("stays", FOR_EVER)]) as supervisor:
        until(supervisor, "stays", "RUNNING")
        assert supervisor.leftovers() == []


def test_a_supervisor_whose_file_is_gone_is_ended_with_its_parts(tmp_path: Path) -> None:
    with running(Settings(state_dir=tmp_path / "state"), database_and_service(tmp_path / "ended")) as supervisor:
        for part in ("database", "service"):
            until(supervisor, part, "RUNNING")
        (tmp_path / "state" / "run" / "supervisord.pid").unlink()
        assert [each.part for each in supervisor.leftovers()] == ["supervisord"]
        assert supervisor.stop()
        assert sorted((tmp_path / "ended").read_text().splitlines()) == ["stopped database", "stopped service"]
