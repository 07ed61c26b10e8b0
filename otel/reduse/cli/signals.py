"""An end by a signal is an end with cleaning up."""

import signal


def heed_signals() -> None:
    """Clean up at SIGTERM, and at SIGINT too: a job that a script puts into the background starts with it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
