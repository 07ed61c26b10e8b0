"""What OTLP's encoder refuses, as the nearest that it takes.

It refuses the whole export for one number that does not fit, and leaves out an attribute that does not, after which two
series may have the same ones. An application gives its instruments what it likes; the other numbers must not suffer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Attributes = Mapping[str, Any] | None

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def sendable_number(value: Any) -> int | float:
    """The value of a point: an integer of 64 bits, or else the nearest floating-point number."""
    if type(value) is float:
        return value
    if isinstance(value, int) and _LEAST <= value <= _MOST:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def sendable_text(text: str | None) -> str:
    """The text without half characters, which have no encoding; they are written out as `\\udc80`."""
    return text or "" if text is None or text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def sendable_attributes(attributes: Attributes) -> Attributes:
    """The attributes; the same object where all of them can be sent."""
    if attributes is None or all(_fits(name) and _fits(value) for name, value in attributes.items()):
        return attributes
    return {sendable_text(name): _sendable(value) for name, value in attributes.items()}


def _fits(value: Any) -> bool:
    return value is None or isinstance(value, bool | float | bytes) or value == _sendable(value)


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return sendable_text(value)
    if isinstance(value, Mapping):
        return {sendable_text(str(name)): _sendable(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return tuple(map(_sendable, value)) if isinstance(value, tuple) else [*map(_sendable, value)]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return str(value)
    return value
