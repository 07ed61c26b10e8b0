"""What is known of each connection, kept beside it: a connection takes no attribute of ours, and is not kept alive."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import ref

Known = TypeVar("Known")


class ByConnection(Generic[Known]):
    """Reads something of a connection once, and remembers it while the connection lives."""

    def __init__(self, read: Callable[[Any], Known]) -> None:
        self._read = read
        self._known: dict[int, tuple[ref[Any], Known]] = {}

    def __call__(self, connection: Any) -> Known:
        """What was read of this connection."""
        known = self._known.get(id(connection))
        if known is not None and known[0]() is connection:
            return known[1]
        value, remembered, key = self._read(connection), self._known, id(connection)
        remembered[key] = (ref(connection, lambda _gone: remembered.pop(key, None)), value)
        return value
