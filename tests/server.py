"""A server process on a port of its own, from the first connection that it takes until SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
START_SECONDS = 60
END_SECONDS = 30

# Whatever of these is set outside would change what is measured.
_TELEMETRY = ("OTEL_", "REDUSE_", "FASTAPI_OTEL", "PROMETHEUS_MULTIPROC", "PYTHONPATH")

# An installed package is compiled: to compile its modules at each start would be most of the start.
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"


def clean_environment() -> dict[str, str]:
    """The environment without any setting of telemetry, with the programs of this Python environment first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*_TELEMETRY, _UNCOMPILED))}
    return kept | {"PATH": f"{PROGRAMS}{os.pathsep}{kept.get('PATH', os.defpath)}"}


class Server:
    """A program of this Python environment that listens on `--port` or `--bind`.

    Args:
        command: program and arguments; `{port}` stands for the port.
        variables: environment variables on top of the clean environment.
        log: the file that its output goes to.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [part.format(port=self.port) for part in command]
        self._environment = clean_environment() | dict(variables)
        self._log = log

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Start the process and return at once."""
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_listening(self) -> None:
        """Return when the port takes connections.

        Raises:
            RuntimeError: the process ended, or did not listen in time; with its output.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(self._command)} does not listen:\n{self.output()}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def output(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def alive(self) -> bool:
        """Whether the process that was started is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as the kernel would; returns when the process is gone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to what has not ended in time; returns when the process is gone."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
