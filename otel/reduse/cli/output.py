"""What is printed, whatever is at the other end: an old terminal, a pipe that closes early, or nothing at all."""

import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

MODULE = "reduse.cli"


def prepare() -> None:
    """Make standard output and error take every character; start again as UTF-8 where file names would not."""
    if sys.getfilesystemencoding() != "utf-8":
        _start_again()
    sys.stdout = _taking_all(sys.stdout)
    sys.stderr = _taking_all(sys.stderr)


def _taking_all(stream: TextIO | None) -> TextIO:
    if stream is None:
        # Closed by whoever started us.
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - until the process ends
    with suppress(AttributeError):
        # What a test put in its place has no encoding of its own.
        stream.reconfigure(errors="replace")  # type: ignore[attr-defined]
    return stream


def _start_again() -> NoReturn:
    """In the place of this process: Python cannot change how it reads names once it runs."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    environment = {**os.environ, "PYTHONIOENCODING": f"{encoding}:replace"}
    command = [sys.executable, "-X", "utf8", "-m", MODULE, *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell, and our own words


def forget(stream: TextIO) -> None:
    """Nobody reads it any more: what is still written goes nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
