"""SIGINT and SIGTERM end a command as Ctrl-C does: by `KeyboardInterrupt`, so that it cleans up."""

import signal


def heed_signals() -> None:
    """Raise `KeyboardInterrupt` on both. A background job of a script starts with SIGINT ignored, so it is set as well."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
