"""`reduse-processor`, `python -m reduse.processor`: no arguments, settings from the environment."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import sys
from pathlib import Path
from typing import NoReturn

from reduse.processor.allocation import keep_freed_memory
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.host import run
from reduse.processor.logs import configure
from reduse.processor.plugins import installed
from reduse.processor.settings import SettingsError, load
from reduse.processor.state.store import LockedError

BAD_SETTING = 2
# What a setting does not mend: the disk fails or is full.
DISK_ERRORS = frozenset(
    {errno.EIO, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENXIO, errno.ESTALE, errno.EUCLEAN, errno.ETIMEDOUT}
)
USAGE = """usage: reduse-processor

Takes the users' points of services over OTLP and sends what follows from them to the gateway, until SIGTERM.
It has no arguments: its settings are variables of the environment, REDUSE_PROCESSOR_..., in docs/settings.md.
"""


def main() -> None:
    if sys.argv[1:]:
        _answer(sys.argv[1:])
    try:
        settings = load(os.environ)
        configure(settings.log_level)
        keep_freed_memory()
        kinds = installed()
    except SettingsError as error:
        _leave(str(error))
    try:
        status = asyncio.run(run(settings, kinds))
    except LockedError as error:
        _leave(f"REDUSE_PROCESSOR_STATE_DIR: {error}: stop it or use another folder")
    except NewerFormatError as error:
        _leave(f"REDUSE_PROCESSOR_STATE_DIR: {error}: run that release, or use another folder; nothing was changed")
    except OSError as error:
        if error.errno in DISK_ERRORS:
            _leave_for_now(settings.state_dir, error)
        settings_to_blame = "REDUSE_PROCESSOR_ENDPOINT, _HTTP_ENDPOINT, _METRICS_PORT or _STATE_DIR"
        _leave(f"{error}: change {settings_to_blame} to a usable value")
    except sqlite3.OperationalError as error:
        _leave_for_now(settings.state_dir, error)
    sys.exit(status)


def _answer(arguments: list[str]) -> NoReturn:
    if arguments[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        sys.exit(0)
    _leave(f"{arguments[0]} is not a valid argument: the command has none, see --help")


def _leave_for_now(state: Path, error: Exception) -> NoReturn:
    """The same start may work later."""
    sys.stderr.write(
        f"reduse-processor: the state in {state} cannot be opened now: {error}: see whether its disk works and has "
        "room, and which other process uses it; nothing was changed\n"
    )
    sys.exit(1)


def _leave(message: str) -> NoReturn:
    sys.stderr.write(f"reduse-processor: {message}\n")
    sys.exit(BAD_SETTING)


if __name__ == "__main__":
    main()
