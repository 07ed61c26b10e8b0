"""Run a set-up command to its end, with its output in a log file and an end on Ctrl-C."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from reduse.errors import StackError
from reduse.stack import interruption

TAIL_LINES = 8
POLL_SECONDS = 0.2

cancelled = threading.Event()
"""Set on Ctrl-C: commands under way in other threads are ended, with their children."""


class CommandError(StackError):
    """A set-up command failed; the message holds the end of its output and where the rest is."""


def run(
    command: Sequence[str],
    *,
    log: Path,
    cure: str,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    shown: Sequence[str] = (),
) -> None:
    """Run `command`; raise `CommandError` with the tail of its output and `cure` when it fails.

    `shown`: what the error says that was run, where `command` has more to it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, _session(command, output, environment, directory, cure) as process:
        while process.poll() is None and not cancelled.is_set():
            try:
                process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    if cancelled.is_set():
        raise KeyboardInterrupt
    if process.returncode != 0:
        raise CommandError(
            f"`{' '.join(shown or command)}` failed ({process.returncode}). {cure}\n{tail(log)}\nAll of it: {log}"
        )


@contextmanager
def _session(
    command: Sequence[str],
    output: IO[bytes],
    environment: Mapping[str, str] | None,
    directory: Path | None,
    cure: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a session of its own: Ctrl-C reaches it through us, once, and its children go with it."""
    process = None
    try:
        try:
            with interruption.deferred():
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=directory,
                    start_new_session=True,
                )
        except OSError as error:
            raise CommandError(f"{command[0]}: {error.strerror}. {cure}") from None
        yield process
    finally:
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def tail(log: Path) -> str:
    """The last lines of a log, indented."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"  | {line}" for line in lines)
