"""The state of each part, as the supervisor sees it."""

import time
from dataclasses import asdict, dataclass

from rich.table import Table

from reduse.stack.supervision import Supervisor

COLOURS = {"RUNNING": "green", "STARTING": "yellow", "EXITED": "dim"}


@dataclass(frozen=True)
class PartStatus:
    """One part: its state by the supervisor's names, process id, uptime in seconds."""

    name: str
    state: str
    pid: int | None
    uptime: float | None
    healthy: bool

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def statuses(supervisor: Supervisor) -> list[PartStatus]:
    """The state of every part; empty when nothing runs."""
    if supervisor.pid() is None:
        return []
    return [
        PartStatus(
            name=str(process["name"]),
            state=str(process["statename"]),
            pid=int(process["pid"]) or None,
            uptime=max(0.0, time.time() - float(process["start"])) if process["pid"] else None,
            # A part that ended as it should, like the demonstration load, is no fault.
            healthy=process["statename"] == "RUNNING"
            or (process["statename"] == "EXITED" and process["exitstatus"] == 0),
        )
        for process in supervisor.processes()
    ]


def status_table(found: list[PartStatus]) -> Table:
    table = Table("part", "state", "process", "uptime")
    for part in found:
        colour = COLOURS.get(part.state, "red")
        uptime = "" if part.uptime is None else f"{part.uptime:.0f} s"
        table.add_row(part.name, f"[{colour}]{part.state}[/]", str(part.pid or ""), uptime)
    return table
