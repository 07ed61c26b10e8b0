"""A process under test: started, waited for until it is ready, asked to end or killed; none outlives the tests."""

import atexit
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from reduse.stack import interruption
from tests.waiting import PATIENCE_SECONDS

POLL_SECONDS = 0.02
SHOWN_CHARACTERS = 4_000
"""Of its output, at the end of what is told when it is not ready."""


class Process:
    """Its output goes to the end of `log`; started by the beginning of a block or by `start`, any number of times.

    Args:
        command: program and arguments.
        log: the file that its output goes to.
        environment: all variables that it has; by default those of this process.
        directory: where it runs; by default where this process does.
        options: further ones of `subprocess.Popen`. With `start_new_session` what it has started is killed with it.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        **options: Any,
    ) -> None:
        self.command = [str(word) for word in command]
        self.log = log
        self.environment = dict(os.environ if environment is None else environment)
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and return at once."""
        try:
            with self.log.open("ab") as output, interruption.deferred():
                self._process = subprocess.Popen(
                    self.command,
                    env=self.environment,
                    cwd=self._directory,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    **self._options,
                )
                _STARTED.add(self)
        except KeyboardInterrupt:
            # Whoever starts it has not come so far that it would be stopped.
            self.kill()
            raise

    def wait_until(self, ready: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Return when it is ready. RuntimeError with the end of its output when it has ended, or is not in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise RuntimeError(f"{self.command[0]} has ended with {self.returncode}:\n{self._told()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.command[0]} is not ready after {seconds:.0f} s:\n{self._told()}")
            time.sleep(POLL_SECONDS)

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def alive(self) -> bool:
        """Whether what was started last is still there."""
        return self._process is not None and self.returncode is None

    @property
    def returncode(self) -> int | None:
        """How it ended; None: it has not, or was never started."""
        return None if self._process is None else self._process.poll()

    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def send_signal(self, number: signal.Signals) -> None:
        self._running.send_signal(number)

    def terminate(self) -> None:
        self._running.terminate()

    def wait(self, seconds: float) -> int:
        return self._running.wait(seconds)

    def interrupt(self, seconds: float = PATIENCE_SECONDS) -> int:
        """As Ctrl-C does; its exit status when it has ended. TimeoutExpired when it does not in time: it is killed."""
        return self._end(signal.SIGINT, seconds)

    def stop(self, seconds: float = PATIENCE_SECONDS) -> int | None:
        """Ask it to end by SIGTERM; its exit status, or None if it was never started. Otherwise as `interrupt`."""
        return None if self._process is None else self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """End it at once, as the kernel would; returns when it is gone."""
        if self._process is None:
            return
        if self._options.get("start_new_session"):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def _end(self, number: signal.Signals, seconds: float) -> int:
        running = self._running
        running.send_signal(number)
        try:
            return running.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _told(self) -> str:
        return self.output()[-SHOWN_CHARACTERS:]

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.command[0]} was not started")
        return self._process


_STARTED: WeakSet[Process] = WeakSet()


@atexit.register
def _kill_what_is_left() -> None:
    """What a test that was cut off has left."""
    for process in _STARTED:
        process.kill()
