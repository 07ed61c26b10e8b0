"""What was found out about a part of the file: that it is well, or what is missing and the cure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """`NOTE`: nothing has to be done about it."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """`of`: the part's name; `reason`: as the collector's receivers name it, where they do."""

    of: str
    state: State
    told: str
    cure: str = ""
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def ok(of: str, told: str) -> Finding:
    return Finding(of, State.OK, told)


def note(of: str, told: str, cure: str = "") -> Finding:
    return Finding(of, State.NOTE, told, cure)


def missing(of: str, told: str, cure: str, reason: str = "") -> Finding:
    return Finding(of, State.MISSING, told, cure, reason)


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing is missing."""
    return all(finding.state is not State.MISSING for finding in findings)
