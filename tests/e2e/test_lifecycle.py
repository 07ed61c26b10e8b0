"""Starting and stopping: what was begun is ended, whatever happens on the way."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.e2e.stack import STOP_SECONDS, environment_on_free_ports, kill_processes_of, processes_of

pytestmark = [pytest.mark.server, pytest.mark.e2e]


@pytest.mark.parametrize("seconds", [2, 6])
def test_ctrl_c_during_the_start_leaves_no_process(seconds: int) -> None:
    state = Path(tempfile.mkdtemp(prefix="reduse-e2e-"))
    state.chmod(0o755)
    try:
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
    finally:
        kill_processes_of(state)
        shutil.rmtree(state, ignore_errors=True)
