"""Which drills there are: those of every company, and those of its own in `drills.py` beside its file."""

import importlib.util
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from reduse.errors import StackError
from reduse.stack.drill.definition import ALONE, Drill
from reduse.stack.drill.faults.parts import part_stopped
from reduse.stack.drill.faults.samples import POISONER, poisonous_samples
from reduse.stack.installation import Installation

NAME = "drills.py"
MODULE = "reduse_company_drills"

OF_EVERY_COMPANY: tuple[Drill, ...] = (
    Drill(
        "poison",
        "samples",
        "A service sends samples that no store can take.",
        "SamplesRefused",
        poisonous_samples,
        {"service": POISONER, "reason": "malformed"},
    ),
    *(
        Drill(
            f"{part}-killed",
            ALONE,
            f"The {part} is stopped.",
            "MonitoringPartDown",
            partial(part_stopped, part=part),
            {"job": job},
        )
        for part, job in (
            ("agent", "collector-agent"),
            ("gateway", "collector-gateway"),
            ("processor", "reduse-processor"),
        )
    ),
)


def drills(installation: Installation) -> tuple[Drill, ...]:
    """The company's own first, then those of every company, where it has none of the same name."""
    own = _own(installation.folder / NAME)
    names = {drill.name for drill in own}
    return (*own, *(drill for drill in OF_EVERY_COMPANY if drill.name not in names))


def _own(file: Path) -> Sequence[Drill]:
    """What the company's file has as `DRILLS`. Raises StackError when it cannot be used."""
    if not file.exists():
        return ()
    specification = importlib.util.spec_from_file_location(MODULE, file)
    if specification is None or specification.loader is None:
        raise StackError(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(specification)
    # Where dataclasses and the like look for it.
    sys.modules[MODULE] = module
    try:
        specification.loader.exec_module(module)
        found = tuple(module.DRILLS)
    except Exception as error:  # noqa: BLE001 - whatever it does wrong
        raise StackError(
            f"{file} cannot be used ({type(error).__name__}: {error}): correct it, or move it away."
        ) from None
    if strangers := [each for each in found if not isinstance(each, Drill)]:
        raise StackError(f"{file}: DRILLS holds {strangers[0]!r}, which is not a Drill.")
    return found
