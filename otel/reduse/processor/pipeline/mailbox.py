"""From other threads to the event loop's: one wake-up for all that comes together, where a future takes one each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Mailbox(Generic[_Item]):
    """Hands each item to `take`, in order, in the thread of `loop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[_Item], None]) -> None:
        self._loop = loop
        self._take = take
        self._items: deque[_Item] = deque()
        self._woken = False

    def put(self, item: _Item) -> None:
        """From any thread. Raises RuntimeError when the loop is closed."""
        self._items.append(item)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        # First: whoever puts something in from here on wakes again.
        self._woken = False
        while self._items:
            self._take(self._items.popleft())
