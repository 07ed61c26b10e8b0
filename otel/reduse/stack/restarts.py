"""How often each part was started again after it had ended by itself: counted where it happens, in the supervisor."""

from collections import Counter
from typing import Any

from supervisor import events
from supervisor.states import ProcessStates

NAMESPACE = "reduse"
ENDED_BY_ITSELF = frozenset({ProcessStates.EXITED, ProcessStates.BACKOFF})


class Restarts:
    """A namespace of the supervisor's XML-RPC: it has no count of its own, and its log is rotated away."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        events.subscribe(events.ProcessStateStartingEvent, self._starting)

    def _starting(self, event: Any) -> None:
        if event.from_state in ENDED_BY_ITSELF:
            self._counts[event.process.config.name] += 1

    def counts(self) -> dict[str, int]:
        """By the name of the part; parts that never ended are left out."""
        return dict(self._counts)


def make(_supervisor: object) -> Restarts:
    """Called by the supervisor when it starts."""
    return Restarts()
