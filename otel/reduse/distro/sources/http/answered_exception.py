"""The exception of a request whose server error is being sent, told before the application has raised it.

Frameworks answer an exception while they handle it. Who handles it is where its traceback begins: Starlette's outermost
middleware raises it again afterwards, always; its handlers of exceptions make an answer of it and never do.
"""

import sys
from enum import Enum
from typing import Final, Literal


class _Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN

_RAISES_AGAIN = frozenset({"starlette.middleware.errors"})
_ANSWERS = frozenset({"starlette._exception_handler", "starlette.middleware.exceptions", "starlette.exceptions"})


def answered_exception() -> BaseException | Literal[_Unknown.UNKNOWN] | None:
    """What the application is going to raise when this response is sent; None for nothing, UNKNOWN if that is open."""
    error = sys.exception()
    if error is None:
        return None
    handled = error.__traceback__
    handler = handled.tb_frame.f_globals.get("__name__") if handled is not None else None
    if handler in _RAISES_AGAIN:
        return error
    return None if handler in _ANSWERS else UNKNOWN
