"""A Docker engine of one's own, in a folder, where one can be started."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import wait_until

STOP_SECONDS = 30.0


class Engine:
    """Answers on a socket of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "docker.sock"

    def run(self, *command: str, stdin: bytes | None = None) -> str:
        """A command of the client; what it prints."""
        finished = subprocess.run(
            ["docker", "--host", f"unix://{self.socket}", *command], input=stdin, capture_output=True, check=False
        )
        assert finished.returncode == 0, finished.stderr.decode()
        return finished.stdout.decode()

    def answers(self) -> bool:
        command = ["docker", "--host", f"unix://{self.socket}", "info"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """Fails, saying why, where none can be started."""
    for program in ("dockerd", "docker", "docker-compose"):
        if shutil.which(program) is None:
            pytest.fail(f"no {program}: apt-get install docker.io docker-compose")
    if os.geteuid() != 0:
        pytest.fail("an engine can be started by root only")
    log = folder / "log"
    engine = Engine(folder)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *["dockerd", f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}"],
                *[f"--host=unix://{engine.socket}", f"--pidfile={folder / 'pid'}"],
                # It leaves the machine's own network as it is: ports are published by Docker's proxy, and addresses
                # are not those of an engine that may run or has run here, whose rules would change their sender.
                *["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"],
                "--default-address-pool=base=10.213.0.0/16,size=24",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        try:
            wait_until(lambda: process.poll() is not None or engine.answers(), "the engine")
        except TimeoutError:
            pytest.fail(f"the engine does not answer: {last_line(log)}")
        if process.poll() is not None:
            pytest.fail(f"no engine can be started here: {last_line(log)}")
        yield engine
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"
