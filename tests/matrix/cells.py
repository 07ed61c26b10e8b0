"""The cells of the matrix: an end of the range, or what the index has today, on one Python."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
TODAY = "today"
NEIGHBOURS = "neighbours"
ENDS = ("oldest", "newest", TODAY, NEIGHBOURS)
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True)
class Cell:
    """An end and a Python, such as ("oldest", "3.12")."""

    end: str
    version: str
    interpreter: str

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.end}-{self.version}"

    @property
    def is_locked(self) -> bool:
        """Whether its versions are always the same."""
        return (FOLDER / f"{self.end}.lock").exists()

    def requirements(self) -> list[str]:
        """What pip is asked for, beside this distribution: a lock, or for today whatever it finds."""
        if not self.is_locked:
            beside = [f"--requirement={FOLDER / 'neighbours.in'}"] if self.end == NEIGHBOURS else []
            return [f"--requirement={FOLDER / 'tests.in'}", *beside]
        return ["--no-deps", "--require-hashes", "--requirement", str(FOLDER / f"{self.end}.lock")]


def cells(ends: Iterable[str], pythons: dict[str, str]) -> Iterator[Cell]:
    """One cell for each end and Python; those that are not locked on the first Python only."""
    for end in ends:
        for version, interpreter in list(pythons.items())[: 1 if end in (TODAY, NEIGHBOURS) else None]:
            yield Cell(end, version, interpreter)


def pythons_found() -> dict[str, str]:
    """The interpreter of each version: this one, one on PATH, or one of pyenv's."""
    found: dict[str, str] = {}
    for version in VERSIONS:
        for candidate in _candidates(version):
            if _is(candidate, version):
                found[version] = candidate
                break
    return found


def _candidates(version: str) -> Iterator[str]:
    if sys.version.startswith(f"{version}."):
        yield sys.executable
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(root.glob(f"versions/{version}.*/bin/python"), reverse=True))


def _is(interpreter: str, version: str) -> bool:
    # pyenv's shims are there for versions that are not chosen, too.
    asked = subprocess.run([interpreter, "--version"], capture_output=True, text=True, check=False)
    return re.match(rf"Python {re.escape(version)}\.", asked.stdout) is not None
