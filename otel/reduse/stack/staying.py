"""Whether the parts stay up: what waits for one of them need not wait for a process that has ended."""

from collections.abc import Mapping
from typing import Any

from reduse.errors import StackError
from reduse.settings.stack import Settings
from reduse.stack.commands import tail
from reduse.stack.supervision import Supervisor

ENDED = frozenset({"BACKOFF", "FATAL", "UNKNOWN"})
# Of each part until all is live. A part that ends once for no reason will do so again.
RESTARTS_ALLOWED = 0


def check_parts(supervisor: Supervisor, settings: Settings) -> None:
    """Raise `StackError` when a part has ended by itself, with the last lines of its log."""
    for process in supervisor.processes():
        if (how := _ended(process)) is not None:
            name = str(process["name"])
            log = settings.log_dir / f"{name}.log"
            raise StackError(f"{name} does not keep running ({how}): see `./reduse logs {name}`.\n{tail(log)}".rstrip())


def _ended(process: Mapping[str, Any]) -> str | None:
    """How it ended; None for a part that runs, was stopped on demand, or ended as it should."""
    restarts: int = process["restarts"]
    status: int = process["exitstatus"]
    if process["statename"] in ENDED or (process["statename"] == "EXITED" and status != 0):
        return f"{str(process['statename']).lower()}, exit status {status}, {restarts} restarts"
    return f"{restarts} restarts" if restarts > RESTARTS_ALLOWED else None
