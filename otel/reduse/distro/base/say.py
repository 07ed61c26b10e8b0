"""A line for whoever runs the service, on stderr where there is one."""

import os
import stat
import sys
from fcntl import F_GETFL, fcntl
from typing import TextIO

from reduse.distro.base.harmless import harmless

PREFIX = "reduse: "


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


# What stderr was when the interpreter started.
_STDERR = 2
_at_the_start = _identity(_STDERR)


def say(line: str) -> None:
    """Write the line to stderr, or nothing where that is closed, full or not there. Never raises.

    The interpreter's own stderr is written to past its buffer: what cannot be written stays in no buffer that would
    fail again when the interpreter ends. A descriptor that the service has closed may be its database by now: it is
    written to only if it is what it was, a terminal or null device, or a file that others append to as well.
    """
    _write(f"{PREFIX}{line}\n")


@harmless
def _write(text: str) -> None:
    stream: TextIO | None = sys.stderr
    if stream is None:
        return
    of_interpreter = stream is sys.__stderr__
    if not of_interpreter:
        stream.write(text)
        stream.flush()
        return
    descriptor = stream.fileno()
    if _takes_lines(descriptor):
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))


def _takes_lines(descriptor: int) -> bool:
    if _identity(descriptor) == _at_the_start:
        return True
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISCHR(mode) or (stat.S_ISREG(mode) and bool(fcntl(descriptor, F_GETFL) & os.O_APPEND))
