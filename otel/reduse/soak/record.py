"""What is kept of a soak between its pieces."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from reduse.errors import SettingError
from reduse.soak.losses import Loss
from reduse.soak.schedule import Planned
from reduse.soak.verdict import Check

FILE = "soak.json"


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was made. `begin`: Unix time; `back`: seconds from its end until all was well, None: it was not."""

    planned: Planned
    begin: float
    end: float
    back: float | None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of the command. Unix times; `checks` of what was sent in it; `stayed`: alerts that did not end."""

    begin: float
    end: float
    checks: Sequence[Check]
    losses: Sequence[Loss]
    product: Mapping[str, float]
    stayed: Sequence[str]


@dataclass(slots=True)
class Record:
    """`seconds`: of the schedule that is over; a next piece goes on from there."""

    seed: int
    quick: bool
    seconds: float = 0.0
    done: list[Done] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path, seed: int, *, quick: bool) -> Self:
        """That of this folder, a new one where there is none. Raises SettingError where it has another seed."""
        file = folder / FILE
        if not file.exists():
            return cls(seed, quick)
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if (found["seed"], found["quick"]) != (seed, quick):
            raise SettingError(
                f"{folder} has a soak with the seed {found['seed']}: go on with that one, or name another --state-dir."
            )
        done = [Done(**{**each, "planned": Planned(**each["planned"])}) for each in found["done"]]
        pieces = [
            Piece(
                **{
                    **each,
                    "checks": [Check(**{name: of[name] for name in Check.__slots__}) for of in each["checks"]],
                    "losses": [Loss(**of) for of in each["losses"]],
                }
            )
            for each in found["pieces"]
        ]
        return cls(found["seed"], found["quick"], found["seconds"], done, pieces)

    def write(self, folder: Path) -> None:
        """Whole or not at all."""
        new = folder / f"{FILE}.new"
        new.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        new.replace(folder / FILE)
