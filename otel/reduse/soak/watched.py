"""What was seen of the stack while it ran: memory by process, sizes by folder, alerts; as lines of JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """At one Unix time. `memory`: by part, process id and bytes in memory of it and its children.

    `sizes`: by folder of the state, bytes and number of files. `alerts`: those that fire.
    """

    at: float
    memory: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()

    def line(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def parse(lines: Iterable[str]) -> Iterator[Seen]:
    """Each whole line; one that is not was being written when the soak ended."""
    for line in lines:
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        yield Seen(
            found["at"],
            {part: (pid, size) for part, (pid, size) in found["memory"].items()},
            {folder: (size, files) for folder, (size, files) in found["sizes"].items()},
            tuple(found["alerts"]),
        )


def read(file: Path) -> list[Seen]:
    """All of all pieces."""
    return list(parse(file.read_text(encoding="utf-8").splitlines())) if file.exists() else []
