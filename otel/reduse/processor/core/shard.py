"""One partition's engine, as a host drives it.

The host supplies the clock, durability and delivery: it writes down what it gives, so that it can give it again
(append), now and then puts a state into the place of what was written (replace), and sends what comes out (emit).

    shard = Shard(lambda: Engine(BUILT_IN))
    outcome = shard.take(exports, now)
    emissions = shard.tick(now)

The same calls in the same order give the same state and the same emissions, from an empty shard or from one that was
loaded; when it was loaded, and how often it was dumped, makes no difference. A host whose log has the exports alone
ticks at times that follow from that log; one that ticks by its own clock writes down the commands that were due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.command import Close, Command, Forget, ForgetService, Resume
from reduse.processor.core.engine import Emission, Engine, Outcome
from reduse.processor.core.formats import current


class ServiceDefectError(Exception):
    """A command could not be carried out for this service: the shard is half-changed, and is to be made anew."""

    def __init__(self, service: str, command: Command) -> None:
        super().__init__(f"{command} met a defect")
        self.service = service
        self.command = command


class Shard:
    """Times are the host's, in Unix ns. Whatever is raised by what changes it, it is of no use afterwards."""

    def __init__(self, new_engine: Callable[[], Engine]) -> None:
        self.new_engine = new_engine
        self.engine = new_engine()
        # How many times it was changed: exports taken, commands carried out. It is part of the state.
        self.sequence = 0

    def take(self, exports: Sequence[Export], now: int) -> Outcome:
        """Count what came at `now`. It closes no windows: `tick` does."""
        outcome = self.engine.apply(exports, now)
        self.sequence += 1
        return outcome

    def tick(self, now: int) -> list[Emission]:
        """Do what the passing of time asks for; what is to be sent, in order. Raises ServiceDefectError."""
        return [emission for command in self.due(now) for emission in self.execute(command)]

    def due(self, now: int) -> list[Command]:
        """What `tick` would carry out, for a host that writes it down. Changes nothing."""
        return self.engine.due(now)

    def execute(self, command: Command) -> list[Emission]:
        """Raises ServiceDefectError when it is about one service; MemoryError, which is about none."""
        try:
            emissions = self.engine.execute(command)
        except MemoryError:
            raise
        except Exception as error:
            match command:
                case Close(service) | Forget(Stream(service)) | ForgetService(service):
                    raise ServiceDefectError(service, command) from error
            raise
        self.sequence += 1
        return emissions

    def resume(self, now: int) -> None:
        """Nobody could be heard until now: who was heard before has time to come back.

        For a host to which senders speak directly. Who reads them from a log that goes on without it needs no such
        time: the log tells when they spoke.
        """
        self.execute(Resume(now))

    def give_up(self, service: str) -> None:
        """One that could not be gone on with begins anew."""
        self.execute(ForgetService(service))

    def dump(self) -> dict[str, Any]:
        """The whole state, to be packed before anything else happens: its arrays may be those in use.

        Raises what `pack` would have raised, for a part of the state that cannot be packed.
        """
        return {"sequence": self.sequence, **self.engine.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Be where the shard was that gave this. Raises NewerFormatError, ValueError."""
        engine, state = self.new_engine(), current(state)
        engine.load(state)
        self.engine, self.sequence = engine, state["sequence"]


def is_stale(shard: Shard, stored: int) -> bool:
    """Whether a shard in memory is not the one that `stored`, the sequence of the stored state, goes on from.

    It is so when its partition went to another worker and came back: that one has gone on (`stored` is larger), or has
    taken over from an older state and not come as far (smaller). Both read one log, so the same number is the same
    state. A stale shard is to be loaded anew.
    """
    return shard.sequence != stored
