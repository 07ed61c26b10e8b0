"""What a fault is."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reduse.soak.losses import Loss
from reduse.soak.schedule import Kind
from reduse.soak.site import Site

Make = Callable[[Site, str], AbstractContextManager[Sequence[Loss]]]
"""The fault is made when its block is entered, on this target, and undone at its end; it gives what it may cost."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault, how it is made and undone, and where what it costs is counted.

    `quick`: its end is seen within seconds, so that a soak of minutes can have it too. `messages`: targets by whose
    fault messages may be sent or delivered again.
    """

    kind: Kind
    title: str
    loss: str
    make: Make
    quick: bool = False
    messages: frozenset[str] = frozenset()

    def messages_again(self, target: str) -> bool:
        """Whether messages may be delivered or sent again by it."""
        return target in self.messages
