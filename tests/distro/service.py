"""An application served by the real uvicorn under the real `opentelemetry-instrument`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
KEY = "0123456789abcdef"


def environment(endpoint: str, **changes: str) -> dict[str, str]:
    """What a deployment sets; no REDUSE_ or OTEL_ variable of the test's own environment comes through."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REDUSE_", "OTEL_"))}
    return {
        **inherited,
        "OTEL_SERVICE_NAME": "example",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "REDUSE_USER_HASH_KEY": KEY,
        "REDUSE_USER_RESOLVERS": "authenticated, header:X-User",
        **changes,
    }


def instrumented(command: Sequence[str], variables: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command under `opentelemetry-instrument`."""
    return subprocess.Popen(
        [str(SCRIPTS / "opentelemetry-instrument"), *command],
        env=variables,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


class Service:
    """uvicorn with the example application, from the first answer on to SIGTERM."""

    application = "tests.distro.example_app:app"

    def __init__(self, endpoint: str, *arguments: str, **changes: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            str(SCRIPTS / "uvicorn"),
            self.application,
            f"--port={self.port}",
            "--no-access-log",
            *arguments,
        ]
        self._variables = environment(endpoint, **changes)
        self.output = ""

    def __enter__(self) -> Self:
        self._process = instrumented(self._command, self._variables)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.terminate())
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    @property
    def pid(self) -> int:
        """The process that serves, or its supervisor when there are workers."""
        return self._process.pid

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def terminate(self) -> str:
        """SIGTERM; the output when the process has ended."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        if not self._process.stdout or self._process.stdout.closed:
            return self.output
        try:
            self.output, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.output, _ = self._process.communicate()
            raise
        return self.output

    def get(self, path: str, times: int = 1, users: Sequence[str] = ("",), threads: int = 8) -> None:
        """This many requests by each user, concurrently, whatever their status."""
        with httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS) as client, ThreadPoolExecutor(threads) as pool:
            headers = [{"x-user": user} if user else {} for user in users] * times
            for _ in pool.map(lambda each: client.get(path, headers=each), headers):
                pass
