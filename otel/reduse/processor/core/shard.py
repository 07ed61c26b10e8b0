"""One partition's engine as a host drives it: the host supplies the clock, durability and delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reduse.processor.core.columns import Export
from reduse.processor.core.command import Close, Command, Forget, ForgetService, Resume
from reduse.processor.core.engine import Emission, Engine, Outcome


class ServiceDefectError(Exception):
    """What time asked for could not be done for a service; the shard is of no use any more."""

    def __init__(self, service: str) -> None:
        super().__init__(f"the windows of {service} could not be closed")
        self.service = service


class Shard:
    """The same calls in the same order give the same state and emissions. Times are Unix ns."""

    def __init__(self, new_engine: Callable[[], Engine]) -> None:
        self._new_engine = new_engine
        self.engine = new_engine()
        # How many records were taken or ticked so far.
        self.sequence = 0

    def take(self, exports: Sequence[Export], now: int) -> Outcome:
        """Whatever the core raises leaves the shard of no use."""
        self.sequence += 1
        return self.engine.apply(exports, now)

    def tick(self, now: int) -> list[Emission]:
        """Closes due windows and forgets streams. Raises ServiceDefectError."""
        self.sequence += 1
        return [emission for command in self.engine.due(now) for emission in self._execute(command)]

    def _execute(self, command: Command) -> list[Emission]:
        try:
            return self.engine.execute(command)
        except Exception as error:
            match command:
                case Close(service) | Forget((service, _)) | ForgetService(service):
                    raise ServiceDefectError(service) from error
            raise

    def resume(self, now: int) -> None:
        """Nobody could be heard until now: who was heard before has time to come back."""
        self.engine.execute(Resume(now))

    def give_up(self, service: str) -> None:
        """One that cannot be gone on with begins anew."""
        self.engine.execute(ForgetService(service))

    def dump(self) -> dict[str, Any]:
        return {"sequence": self.sequence, "engine": self.engine.dump()}

    def load(self, state: dict[str, Any]) -> None:
        """Raises ValueError when it cannot read the format."""
        self.engine, self.sequence = self._new_engine(), state["sequence"]
        self.engine.load(state["engine"], now=0)
