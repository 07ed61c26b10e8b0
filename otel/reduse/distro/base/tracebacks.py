"""Tracebacks as a service would have them without us."""

from types import TracebackType

# Whose frames a service does not get to see: ours, and those of whoever makes spans.
_OURS = ("reduse.", "opentelemetry.")


def theirs(error: BaseException) -> TracebackType | None:
    """The traceback of an error that was caught, from the first frame on that is the library's.

    For `error.__traceback__ = theirs(error)` before a bare `raise`, which adds no frame: what a service prints of its
    errors stays the same.
    """
    traceback = error.__traceback__
    while traceback is not None and str(traceback.tb_frame.f_globals.get("__name__")).startswith(_OURS):
        traceback = traceback.tb_next
    return traceback
