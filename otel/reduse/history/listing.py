"""What a history has of each service, found without reading rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reduse.history import names
from reduse.history.files import find
from reduse.history.plan import Gap, plan, second_range

# After all windows.
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Recorded:
    """Of a service: `windows` that are kept, from the first's start to the last's end (Unix seconds); and gaps."""

    service: str
    begin: int
    end: int
    windows: int
    policies: tuple[str, ...]
    gaps: tuple[Gap, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "service": self.service,
            "from": iso(self.begin),
            "to": iso(self.end),
            "windows": self.windows,
            "policies": self.policies,
            "gaps": [{"from": iso(gap.begin), "to": iso(gap.end), "why": gap.why} for gap in self.gaps],
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """`size` in bytes. `unreadable`: files that cannot be read, with why."""

    services: tuple[Recorded, ...]
    files: int
    size: int
    unreadable: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        return {
            "services": [each.as_dict() for each in self.services],
            "files": self.files,
            "bytes": self.size,
            "unreadable": self.unreadable,
        }


def listing(folders: Sequence[Path]) -> Listing:
    """Raises OSError when a folder cannot be read."""
    found = find(folders)
    recorded = []
    for service in sorted({name for part in found.parts for name in part.contents.services}):
        taken = plan(found, service, 0, _EVER).taken
        ranges = [second_range(each.seconds) for each in taken]
        begin, end = min(first for first, _ in ranges), max(last for _, last in ranges)
        policies = {name for each in taken for name in each.part.contents.services[service].policies}
        recorded.append(
            Recorded(
                service,
                begin,
                end,
                sum(len(each.seconds) for each in taken),
                tuple(sorted(policies - {""})),
                tuple(plan(found, service, begin, end).gaps),
            )
        )
    paths = [path for folder in folders for path in folder.glob("*") if path.suffix in {names.PARQUET, names.JOURNAL}]
    unreadable = {str(path): why for path, why in found.unreadable.items()}
    return Listing(tuple(recorded), len(paths), sum(path.stat().st_size for path in paths), unreadable)


def iso(second: int) -> str:
    """In UTC."""
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
