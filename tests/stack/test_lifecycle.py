"""Starting and stopping: what was begun is ended, whatever happens on the way."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from reduse.settings.stack import settings_of
from reduse.stack.supervision import Supervisor
from tests.e2e.stack import (
    START_SECONDS,
    STOP_SECONDS,
    environment_on_free_ports,
    processes_of,
    state_folder,
)
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]


@pytest.mark.parametrize("seconds", [2, 6])
def test_ctrl_c_during_the_start_leaves_no_process(seconds: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reduse.cli", "up", "--no-load"]
    with (
        state_folder() as state,
        Process(command, tmp_path / "log", environment=environment_on_free_ports(state)) as process,
    ):
        time.sleep(seconds)
        assert process.interrupt(STOP_SECONDS) != 0, process.output()
        assert processes_of(state) == []


def reduse(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reduse.cli", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=START_SECONDS + STOP_SECONDS, check=False
    )


def test_what_a_killed_supervisor_left_is_known_and_ended_in_a_folder_of_any_letters() -> None:
    with state_folder() as state:
        folder = state / 'Кириллица a=b ${c}: [d] 50 % it\'s "e" ;f #g'
        environment = environment_on_free_ports(folder)
        supervisor = Supervisor(settings_of(environment))
        started = reduse(environment, "up", "--detach", "--no-load")
        assert started.returncode == 0, started.stdout + started.stderr

        kill(supervisor.pid())
        status = reduse(environment, "status")
        assert (status.returncode, "left over from a supervisor that was killed" in status.stdout) == (1, True)
        again = reduse(environment, "up", "--detach", "--no-load")
        assert again.returncode == 0, again.stdout + again.stderr
        assert "Left over from a supervisor that was killed: " in again.stdout
        assert "database system was not properly shut down" not in (folder / "log" / "shop-db.log").read_text()
        wait_until(lambda: reduse(environment, "check").returncode == 0, "live rows")

        kill(supervisor.pid())
        # Its own processes, which know no folder, end by themselves or are ended.
        kill(server_of(settings_of(environment).data_dir / "shop-db"))
        down = reduse(environment, "down")
        assert (down.returncode, "Stopped." in down.stdout) == (0, True)
        assert processes_of(state) == []
        assert supervisor.leftovers() == []


def kill(pid: int | None) -> None:
    assert pid is not None
    process = psutil.Process(pid)
    process.kill()
    psutil.wait_procs([process], timeout=PATIENCE_SECONDS)


def server_of(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def test_up_fails_with_the_last_words_of_a_part_that_does_not_stay_up() -> None:
    with state_folder() as state:
        # Where Alertmanager reads its log of notifications.
        (state / "data" / "alertmanager" / "nflog").mkdir(parents=True)
        ended = reduse(environment_on_free_ports(state), "up", "--detach", "--no-load")
        assert ended.returncode == 1
        assert "alertmanager does not keep running" in ended.stderr
        assert "  | " in ended.stderr
        assert processes_of(state) == []
