"""A terminal in which somebody pastes commands."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from tests.waiting import PATIENCE_SECONDS, wait_until

COMMAND_SECONDS = PATIENCE_SECONDS
# Longer than the services of the guides take to end, as the next Ctrl-C would cut them short.
AGAIN_SECONDS = 10


class Terminal:
    """Runs blocks of shell one after another in one bash, as a job of its own, and ends it as Ctrl-C does."""

    def __init__(self, blocks: Sequence[str], root: Path, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._file: IO[bytes] = log.open("wb")
        self._process = subprocess.Popen(
            # Ctrl-C ends it also where whoever runs the tests ignores that signal.
            ["env", "--default-signal=INT", "bash", "-e", "-o", "pipefail", "-c", "\n".join(blocks)],
            cwd=root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.interrupt()

    @property
    def output(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def wait_for(self, text: str, seconds: float) -> None:
        """Return when `text` has been written; fail with all that was, when bash ends before."""

        def written() -> bool:
            assert self._process.poll() is None, self.output
            return text in self.output

        wait_until(written, text, seconds)

    def finish(self, seconds: float = COMMAND_SECONDS, status: int = 0) -> str:
        """Wait until all blocks have succeeded, or the last one ended with `status`; what they wrote."""
        assert self._process.wait(seconds) == status, self.output
        return self.output

    def ended(self, seconds: float = COMMAND_SECONDS) -> str:
        """Wait until the blocks have ended, well or not; what they wrote."""
        self._process.wait(seconds)
        return self.output

    def interrupt(self) -> None:
        """Ctrl-C, until the whole job has ended.

        One is not enough for a loop: bash goes on with it when the command that it waits for ended by itself just
        before the signal came.
        """

        def interrupted() -> bool:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(AGAIN_SECONDS)
            return self._process.poll() is not None

        try:
            wait_until(interrupted, "the end of the job")
        finally:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._file.close()
