"""Wait for a part to be ready, for a bounded time, with an end on Ctrl-C."""

import time
from collections.abc import Callable

from reduse.errors import StackError
from reduse.stack import commands

POLL_SECONDS = 0.1

Probe = Callable[[], str | None]
"""Gives None when what is awaited is there, else why it is not."""


Check = Callable[[], None]
"""Raises what makes further waiting useless."""


def no_check() -> None:
    """Nobody knows of the processes that are waited for."""


def wait(probe: Probe, seconds: float, failure: Callable[[str], str], check: Check = no_check) -> None:
    """Ask `probe` until it gives None.

    Raises:
        StackError: after `seconds`, with what `failure` makes of the last reason; or what `check` raises, at once.
        KeyboardInterrupt: Ctrl-C was pressed while another thread waited.
    """
    deadline = time.monotonic() + seconds
    while (reason := probe()) is not None:
        check()
        if time.monotonic() > deadline:
            raise StackError(failure(reason))
        if commands.cancelled.wait(POLL_SECONDS):
            raise KeyboardInterrupt
