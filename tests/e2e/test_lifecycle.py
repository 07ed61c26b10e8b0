"""Starting and stopping: what was begun is ended, whatever happens on the way."""

import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.stack import STOP_SECONDS, environment_on_free_ports, processes_of, state_folder

pytestmark = [pytest.mark.server, pytest.mark.e2e]


@pytest.mark.parametrize("seconds", [2, 6])
def test_ctrl_c_during_the_start_leaves_no_process(seconds: int) -> None:
    with state_folder() as state:
        process = subprocess.Popen(
            [sys.executable, "-m", "reduse.cli", "up", "--no-load"],
            env=environment_on_free_ports(state),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
        assert processes_of(state) == []
        assert process.returncode != 0
