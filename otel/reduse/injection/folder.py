"""The folder: one for every version of Python, processor and C library.

    DIR/opentelemetry/instrumentation/auto_instrumentation/sitecustomize.py    what the interpreter runs
    DIR/reduse-injected/measured                                               names of modules
    DIR/reduse-injected/start/                                                 the code that looks before it adds
    DIR/reduse-injected/any/NAME/                                              one distribution each
    DIR/reduse-injected/cpython-312-x86_64-linux-gnu/NAME/                     those that are compiled
    DIR/reduse-injected/cpython-312-x86_64-linux-gnu/packages.json             which, and what each needs

The two paths that the operator puts on PYTHONPATH, the first folder and DIR, hold nothing else: no name of a package
or module is found there that an application could mean.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reduse.errors import SettingError, StackError
from reduse.injection import wheels
from reduse.injection.measured import measured_modules
from reduse.injection.requirements import OWN, locked, needs
from reduse.injection.targets import Target

ENTRY = Path("opentelemetry/instrumentation/auto_instrumentation")
ROOT = Path("reduse-injected")
ANY = "any"
# Compares versions before anything else is used.
_COMPARES = "packaging"
LOCK = "requirements-stack.lock"


def write(checkout: Path, to: Path, targets: Sequence[Target]) -> None:
    """Make the folder `to`, which must be empty or not there.

    Raises:
        StackError: a package is not locked, cannot be had for a target, or `to` has something in it.
    """
    if to.exists() and any(to.iterdir()):
        raise SettingError(f"{to} is not empty: name a folder that is, or one that is not there.")
    root = to / ROOT
    root.mkdir(parents=True, exist_ok=True)
    _write_start(to)
    (root / "measured").write_text("\n".join(measured_modules()) + "\n", encoding="utf-8")
    lock = (checkout / LOCK).read_text("utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        found = {OWN: wheels.build(checkout, Path(temporary))}
        own = wheels.metadata_of(found[OWN])
        for target in targets:
            folder = Path(temporary, target.folder)
            folder.mkdir()
            needed = needs(own, target)
            names = {str(canonicalize_name(requirement.name)) for _, requirement in needed}
            found = _wheels(target, lock, names, found, folder)
            _write_target(target, root, needed, found)


def _write_start(to: Path) -> None:
    (to / ENTRY).mkdir(parents=True)
    with as_file(files("reduse.distro.injected")) as source:
        shutil.copytree(source, to / ROOT / "start", ignore=shutil.ignore_patterns("__pycache__", "sitecustomize.py"))
        shutil.copyfile(source / "sitecustomize.py", to / ENTRY / "sitecustomize.py")


def _wheels(target: Target, lock: str, names: set[str], before: dict[str, Path], folder: Path) -> dict[str, Path]:
    """The wheel of each distribution, by name; those that every target can use are fetched once."""
    known = {name: wheel for name, wheel in before.items() if name in names and wheels.is_pure(wheel)}
    lines = locked(lock, names - known.keys(), target)
    fetched = wheels.fetch(lines.values(), target, folder) if lines else []
    found = known | {wheels.name_of(wheel): wheel for wheel in fetched}
    if _COMPARES not in found or not wheels.is_pure(found[_COMPARES]):
        raise StackError(f"the distro no longer requires {_COMPARES}, by which versions are compared.")
    return found


def _write_target(
    target: Target, root: Path, needed: Sequence[tuple[str, Requirement]], found: dict[str, Path]
) -> None:
    (root / target.folder).mkdir()
    packages = []
    for name, wheel in sorted(found.items()):
        folder = f"{ANY if wheels.is_pure(wheel) else target.folder}/{name}"
        if not (root / folder).exists():
            wheels.unpack(wheel, root / folder)
        packages.append({"name": name, "modules": wheels.modules(wheel), "folder": folder})
    content = {"packages": packages, "needs": [_need(*each) for each in needed if each[1].specifier]}
    text = json.dumps(content, indent=1)
    (root / target.folder / "packages.json").write_text(text + "\n", encoding="utf-8")


def _need(by: str, requirement: Requirement) -> dict[str, str]:
    return {"by": by, "name": canonicalize_name(requirement.name), "specifiers": str(requirement.specifier)}
