"""systemd's units, read as data."""

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from reduse.monitoring.deployment import configuration, systemd

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "systemd"
INSTALLED = "/usr/lib/reduse"
"""Where docs/deploy/debian.md puts the programs and the collector's files."""
COMPANY = ROOT / "company" / "generated" / "systemd"
"""Drop-ins for the units, which follow from the reference company."""
CREDENTIALS = "%d/"


@dataclass(frozen=True)
class Unit:
    """Settings keep the order in which they are written; a name may come several times."""

    name: str
    settings: list[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.settings if key == name]

    def value(self, name: str) -> str:
        (value,) = self.values(name)
        return value

    @property
    def own_environment(self) -> dict[str, str]:
        """What the unit sets by itself, specifiers and all."""
        pairs = (pair.split("=", 1) for line in self.values("Environment") for pair in shlex.split(line))
        return dict(pairs)

    @property
    def environment_file(self) -> dict[str, str]:
        """The example of the file that the machine's administrator fills in."""
        lines = (FOLDER / Path(self.value("EnvironmentFile")).name).read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    @property
    def environment(self) -> dict[str, str]:
        return self.own_environment | self.environment_file

    @property
    def credentials(self) -> set[str]:
        return {value.split(":")[0] for value in self.values("LoadCredential")}

    def sources(self, command: str = "ExecStart") -> list[str]:
        """The values of `--config`, in order."""
        words = shlex.split(re.sub(r"\$(\w+)", lambda found: self.own_environment[found[1]], self.value(command)))
        return [after for word, after in pairwise(words) if word == "--config"]


def read(name: str) -> Unit:
    """The unit, with the drop-in that it has for the reference company."""
    unit = f"reduse-{name}.service"
    files = [FOLDER / unit, *sorted((COMPANY / f"{unit}.d").glob("*.conf"))]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = [line.split("=", 1) for line in lines if line and line[0] not in "#["]
    return Unit(name, [(key, value) for key, value in pairs])


def in_repository(path: str) -> Path:
    """The file of this repository that is installed there."""
    if path == systemd.INSTALLED:
        return COMPANY.parent / configuration.PATH
    return ROOT / Path(path).relative_to(INSTALLED)


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))
