"""A part that does not stay up is found at once, whatever is waited for, and told with the end of its log."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from reduse.errors import StackError
from reduse.settings.stack import Settings
from reduse.stack.status import statuses
from reduse.stack.staying import check_parts
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import wait
from tests.stack.small_parts import FOR_EVER, running, shell, until

pytestmark = pytest.mark.slow

STAYS = shell("stays", FOR_EVER)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo no such file; exit 3", "no such file"),
        # Long enough to count as started.
        ("sleep 1.2; echo out of memory; exit 1", "out of memory"),
        ("sleep 1.2; echo all is well; exit 0", "all is well"),
    ],
)
def test_waiting_ends_when_a_part_has_ended_and_its_last_lines_are_told(
    settings: Settings, script: str, told: str
) -> None:
    with running(settings, [STAYS, shell("ends", script)]) as supervisor:
        with pytest.raises(StackError, match=r"^ends does not keep running") as caught:
            wait(
                lambda: "it will never be", 60, lambda _: "the time is over", partial(check_parts, supervisor, settings)
            )
        assert f"| {told}" in str(caught.value)
        assert "`./reduse logs ends`" in str(caught.value)


def test_a_program_that_is_not_there_is_told(settings: Settings) -> None:
    part = replace(shell("gone", ""), command=["/nonexistent/program"])
    with running(settings, [part]) as supervisor, pytest.raises(StackError, match="/nonexistent/program"):
        wait(lambda: "it will never be", 60, lambda _: "the time is over", partial(check_parts, supervisor, settings))


def test_parts_that_run_and_one_that_ended_as_it_should_are_no_fault(settings: Settings) -> None:
    load = replace(shell("load", "sleep 1.2; exit 0"), restarts=False)
    with running(settings, [STAYS, load]) as supervisor:
        until(supervisor, "load", "EXITED")
        until(supervisor, "stays", "RUNNING")
        check_parts(supervisor, settings)
        assert all(part.healthy for part in statuses(supervisor))


def test_status_counts_what_was_started_again_and_not_what_was_asked_for(settings: Settings) -> None:
    with running(settings, [STAYS, shell("killed", FOR_EVER)]) as supervisor:
        for name in ("stays", "killed"):
            until(supervisor, name, "RUNNING")
        supervisor.stop_part("stays")
        supervisor.start_part("stays")
        pid = next(process["pid"] for process in supervisor.processes() if process["name"] == "killed")
        psutil.Process(pid).kill()
        wait(lambda: None if restarts(supervisor)["killed"] else "not yet", 20, str)
        assert restarts(supervisor) == {"stays": 0, "killed": 1}


def restarts(supervisor: Supervisor) -> dict[str, int]:
    return {part.name: part.restarts for part in statuses(supervisor)}


def test_a_supervisor_that_has_ended_is_told(settings: Settings) -> None:
    with running(settings, [STAYS]) as supervisor:
        pid = supervisor.pid()
        assert pid is not None
        psutil.Process(pid).kill()
        with pytest.raises(StackError, match=r"the supervisor does not answer .*supervisord\.log"):
            wait(lambda: "it will never be", 60, lambda _: "time is over", partial(check_parts, supervisor, settings))
