"""A server process on a port of its own, from the first connection that it takes until SIGTERM."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.ports import free_port, listens
from tests.process import Process

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent

# Whatever of these is set outside would change what is measured.
_TELEMETRY = ("OTEL_", "REDUSE_", "FASTAPI_OTEL", "PROMETHEUS_MULTIPROC", "PYTHONPATH")

# An installed package is compiled: to compile its modules at each start would be most of the start.
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"


def clean_environment() -> dict[str, str]:
    """The environment without any setting of telemetry, with the programs of this Python environment first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*_TELEMETRY, _UNCOMPILED))}
    return kept | {"PATH": f"{PROGRAMS}{os.pathsep}{kept.get('PATH', os.defpath)}"}


class Server(Process):
    """A program of this Python environment that listens on `--port` or `--bind`.

    Args:
        command: program and arguments; `{port}` stands for the port.
        variables: environment variables on top of the clean environment.
        log: the file that its output goes to.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [part.format(port=self.port) for part in command]
        super().__init__(command, log, environment=clean_environment() | dict(variables), directory=ROOT)

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> None:
        """Start the process with an empty log, and return at once."""
        self.log.write_bytes(b"")
        super().start()

    def wait_until_listening(self) -> None:
        """Return when the port takes connections; RuntimeError with its output when it does not."""
        self.wait_until(lambda: listens(self.port))
