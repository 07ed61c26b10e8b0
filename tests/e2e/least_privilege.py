"""What /proc says of each process of a running stack: its user, its capabilities, and where it listens."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from reduse.stack.supervision import Supervisor
from tests.e2e.stack import Stack

# Of the kernel, in /proc/PID/status (proc_pid_status(5)).
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
Listener = tuple[str, int]
"""Address and port."""


@dataclass(frozen=True)
class Process:
    """A process of a part."""

    part: str
    pid: int
    status: dict[str, str]
    """The lines of /proc/PID/status."""

    @property
    def users(self) -> set[int]:
        """Real, effective, saved and that of the file system."""
        return {int(number) for number in self.status["Uid"].split()}

    @property
    def groups(self) -> set[int]:
        return {int(number) for line in ("Gid", "Groups") for number in self.status[line].split()}

    @property
    def capabilities(self) -> int:
        """All that it has, or could get."""
        found = 0
        for line in CAPABILITIES:
            found |= int(self.status[line], 16)
        return found

    @property
    def gains_no_rights(self) -> bool:
        return self.status["NoNewPrivs"] == "1"

    def listeners(self) -> set[Listener]:
        """Where it takes connections. Sockets of UDP are not told apart from those of questions to a name server."""
        with suppress(psutil.NoSuchProcess):
            return {
                (each.laddr.ip, each.laddr.port)
                for each in psutil.Process(self.pid).net_connections("inet")
                if each.status == psutil.CONN_LISTEN
            }
        return set()

    def may(self, right: int, status: os.stat_result) -> bool:
        """Whether the mode of a file gives this right: 4 reads, 2 writes, 1 enters."""
        if status.st_uid in self.users:
            return bool(status.st_mode & right << 6)
        if status.st_gid in self.groups:
            return bool(status.st_mode & right << 3)
        return bool(status.st_mode & right)

    def reaches(self, path: Path, right: int) -> bool:
        """The same on the way to a file, and for the file."""
        return all(self.may(1, each.stat()) for each in path.parents) and self.may(right, path.stat())


def processes(stack: Stack) -> list[Process]:
    """Every process of every part, the supervisor left out."""
    found = []
    for part in Supervisor(stack.settings).processes():
        if not part["pid"]:
            continue
        parent = psutil.Process(int(part["pid"]))
        for process in (parent, *parent.children(recursive=True)):
            with suppress(FileNotFoundError, ProcessLookupError):
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                found.append(Process(part["name"], process.pid, _fields(lines)))
    return found


def _fields(lines: list[str]) -> dict[str, str]:
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}


def private_files(folder: Path) -> Iterator[Path]:
    """All files below a folder that are still there."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if stat.S_ISREG(path.lstat().st_mode):
                yield path
