"""The state of each part, as the supervisor sees it."""

import time
from contextlib import suppress
from dataclasses import asdict, dataclass

import psutil
from rich.table import Table

from reduse.stack.leftovers import Leftover
from reduse.stack.supervision import Supervisor

LEFT_OVER = "LEFT OVER"
COLOURS = {"RUNNING": "green", "STARTING": "yellow", "EXITED": "dim"}


@dataclass(frozen=True)
class PartStatus:
    """One part: its state by the supervisor's names, process id, uptime in seconds, restarts after ends of its own."""

    name: str
    state: str
    pid: int | None
    uptime: float | None
    restarts: int
    healthy: bool

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def statuses(supervisor: Supervisor) -> list[PartStatus]:
    """The state of every part, also of those that a killed supervisor left; empty when nothing runs."""
    if supervisor.pid() is None:
        return [_left(part) for part in supervisor.leftovers()]
    return [
        PartStatus(
            name=str(process["name"]),
            state=str(process["statename"]),
            pid=int(process["pid"]) or None,
            uptime=max(0.0, time.time() - float(process["start"])) if process["pid"] else None,
            restarts=int(process["restarts"]),
            # A part that ended as it should, like the demonstration load, is no fault.
            healthy=process["statename"] == "RUNNING"
            or (process["statename"] == "EXITED" and process["exitstatus"] == 0),
        )
        for process in supervisor.processes()
    ]


def _left(part: Leftover) -> PartStatus:
    with suppress(psutil.Error):
        uptime = max(0.0, time.time() - part.process.create_time())
        return PartStatus(part.part, LEFT_OVER, part.process.pid, uptime, restarts=0, healthy=False)
    return PartStatus(part.part, LEFT_OVER, None, None, restarts=0, healthy=False)


def status_table(found: list[PartStatus]) -> Table:
    table = Table("part", "state", "process", "uptime", "restarts")
    for part in found:
        colour = COLOURS.get(part.state, "red")
        uptime = "" if part.uptime is None else f"{part.uptime:.0f} s"
        restarts = f"[yellow]{part.restarts}[/]" if part.restarts else ""
        table.add_row(part.name, f"[{colour}]{part.state}[/]", str(part.pid or ""), uptime, restarts)
    return table
