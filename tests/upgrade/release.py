"""A checkout of an earlier release with an environment of its own, as a user of it had."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.examples.guide import ROOT

INSTALL_SECONDS = 900
OF_THIS_RELEASE = frozenset({"VIRTUAL_ENV", "PYTHONPATH", "REDUSE_VENV", "REDUSE_OTELCOL"})


@dataclass(frozen=True)
class Release:
    """`commit` is in the repository's history; `format` is that of the processor's state."""

    name: str
    commit: str
    format: int


RELEASES = (
    Release("before-0.1.0", "f16a7c6", 6),
    Release("0.1.0", "c872362", 7),
    Release("after-0.1.0", "daae4ee", 8),
)


@dataclass(frozen=True)
class Checkout:
    """Where a release lies, and its own command."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    @property
    def locustfile(self) -> Path:
        """It was moved after the first of the releases."""
        folders = (self.root / "company" / "load", self.root / "load")
        return next(folder for folder in folders if folder.exists()) / "locustfile.py"

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """These without Python and collector of the release that is here, and settings that it would not know."""
        source = "\n".join(path.read_text() for path in (self.root / "otel" / "reduse").rglob("*.py"))
        path = [each for each in variables["PATH"].split(":") if each != str(Path(sys.executable).parent)]
        return {
            name: value
            for name, value in variables.items()
            if name not in OF_THIS_RELEASE
            and (not name.startswith("REDUSE_") or name.removeprefix("REDUSE_").lower() in source)
        } | {"PATH": ":".join(path)}

    def reduse(self, *arguments: str, variables: Mapping[str, str], seconds: float) -> str:
        """Run its command to its end; what it prints."""
        finished = subprocess.run(
            [self.root / "reduse", *arguments],
            cwd=self.root,
            env=self.environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout
        return finished.stdout


def checkout(release: Release, cache: Path) -> Checkout:
    """Make it in the cache, or find it there: its environment takes a minute."""
    root = cache / "releases" / f"{release.name}-{release.commit}"
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        begun = root.with_name(f"{root.name}.begun")
        shutil.rmtree(begun, ignore_errors=True)
        begun.mkdir()
        archive = subprocess.run(
            ["git", "archive", release.commit], cwd=ROOT, capture_output=True, check=False, timeout=60
        )
        assert archive.returncode == 0, (
            f"{archive.stderr.decode()}: the repository's history is needed, git fetch --unshallow brings it"
        )
        subprocess.run(["tar", "x"], cwd=begun, input=archive.stdout, check=True, timeout=60)
        begun.rename(root)
    made = Checkout(root)
    made.reduse("--help", variables=os.environ, seconds=INSTALL_SECONDS)
    return made
