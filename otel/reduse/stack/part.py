"""A part of the stack: one process, and when it starts."""

from dataclasses import dataclass, field
from pathlib import Path

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
    """

    name: str
    stage: int
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    user: str | None = None
    stop_signal: str = "TERM"
    restarts: bool = True
