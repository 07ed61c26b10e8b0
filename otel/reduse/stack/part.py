"""A part of the stack: one process, when it starts, and what it may reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reduse.stack.identity import Identity

STORES = 1
GATEWAY = 2
PROCESSOR = 3
AGENT = 4
SERVICES = 5
LOAD = 6


@dataclass(frozen=True)
class Part:
    """One process that the supervisor keeps.

    `stage`: parts of a lower one are asked to start before it, and end after it: whoever sends ends before who takes.
    `owns`: folders of its data, which it writes. `reads`: private files that its configuration names; those that its
    command or its environment names need not be here. `joins`: parts whose data it reads.
    `system_user`: a user of the machine's as whom it has to run. `identity`: None runs it as whoever starts the stack.
    """

    name: str
    stage: int
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    stop_signal: str = "TERM"
    restarts: bool = True
    owns: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    joins: tuple[str, ...] = ()
    system_user: str | None = None
    identity: Identity | None = None

    def arguments(self, further: Mapping[str, str]) -> list[str]:
        """The command with its identity, its folder and its environment, to which `further` variables are added.

        Programs replace each other, so that the part keeps the process id; only the last one sees the environment.
        `sh` is there for a program with `=` in its path, which `env` would take for one more variable.
        """
        environment = {**self.environment, **further}
        return [
            *(self.identity.prefix() if self.identity else []),
            *["/usr/bin/env", f"--chdir={self.directory}", *(f"{name}={value}" for name, value in environment.items())],
            *["/bin/sh", "-c", 'exec "$0" "$@"', *self.command],
        ]
