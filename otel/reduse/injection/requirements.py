"""What the distro needs, in the versions that are locked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reduse.errors import StackError
from reduse.injection.targets import Target

OWN = "reduse"


@dataclass(frozen=True)
class Metadata:
    """Of a wheel: its version, and each `Requires-Dist`."""

    version: str
    requires: tuple[str, ...]


def needs(own: Metadata, target: Target) -> list[tuple[str, Requirement]]:
    """Every requirement of the distro and of what it requires, with who has it; the distro itself first.

    Args:
        own: of the distro; that of all others is read from what is installed beside this program.
        target: for which interpreter.
    """
    found: list[tuple[str, Requirement]] = [("the folder", Requirement(f"{OWN}=={own.version}"))]
    waiting = [(OWN, each) for each in _applying(own.requires, target)]
    seen = {OWN}
    while waiting:
        by, requirement = waiting.pop(0)
        found.append((by, requirement))
        name = canonicalize_name(requirement.name)
        if name not in seen:
            seen.add(name)
            waiting += [(name, each) for each in _applying(_installed(name), target)]
    return found


def _installed(name: str) -> Iterable[str]:
    try:
        return metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        raise StackError(f"{name} is not installed here: make the environment anew with `./reduse --help`.") from None


def _applying(texts: Iterable[str], target: Target) -> Iterator[Requirement]:
    for text in texts:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(target.markers):
            yield requirement


def locked(lock: str, names: set[str], target: Target) -> Mapping[str, str]:
    """The line of each of these in a lock file, with its hashes, by name."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        first, *hashes = entry.split(" \\\n")
        requirement = Requirement(first)
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in names and (marker is None or marker.evaluate(target.markers)):
            pinned = f"{requirement.name}{requirement.specifier}"
            found[name] = " \\\n".join([pinned, *hashes])
    if missing := names - found.keys():
        raise StackError(f"{', '.join(sorted(missing))}: not in the lock file; see CONTRIBUTING.md.")
    return found
