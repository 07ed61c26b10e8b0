"""SIGINT and SIGTERM end a command as Ctrl-C does: by `KeyboardInterrupt`, so that it cleans up."""

import signal


def heed_signals() -> None:
    """Raise `KeyboardInterrupt` on both. SIGINT too, because background jobs of scripts start with it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
