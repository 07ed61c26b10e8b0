"""How a bad configuration ends the process."""

import os
from typing import NoReturn

from reduse.distro.base.say import say

EXIT_STATUS = 2


class ConfigurationError(ValueError):
    """A setting that cannot be used. The message is one line: the setting, what is wrong, the cure."""


class _Process:
    ends = True


def raise_instead_of_ending() -> None:
    """Have `stop` raise from now on: this process was not started by who configures us, and must not end by us."""
    _Process.ends = False


def stop(error: ConfigurationError) -> NoReturn:
    """Print the error as one line on stderr and end the process with status 2.

    The distro is loaded by a ``sitecustomize`` module. There every ``Exception`` is logged and swallowed, and
    ``SystemExit`` becomes a fatal interpreter error with a traceback and status 1; only ``os._exit`` ends with
    the line and the status that were meant. Nothing has run yet that would need cleaning up.
    """
    if not _Process.ends:
        raise error
    say(str(error))
    os._exit(EXIT_STATUS)
