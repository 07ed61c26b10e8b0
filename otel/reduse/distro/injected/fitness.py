"""Whether what an application has goes together with what it lacks and we would add.

The application's packages always win. So each of ours that is used has to go with those that it finds, as `pip` would
have seen to if both had been installed together.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

Satisfies = Callable[[str, str], bool]
"""Whether a version (the second) is within the specifiers (the first), as PEP 440 has them."""

UNKNOWN = ""
"""The version of what is there and does not say it."""


@dataclass(frozen=True)
class Package:
    """A distribution in the folder: the modules that an application would see, and the folder that has them."""

    name: str
    modules: tuple[str, ...]
    folder: str


@dataclass(frozen=True)
class Need:
    """`by` needs `name` in a version within `specifiers`; all are ours."""

    by: str
    name: str
    specifiers: str


@dataclass(frozen=True)
class Contents:
    """What the folder has for one interpreter."""

    packages: tuple[Package, ...]
    needs: tuple[Need, ...]

    @classmethod
    def read(cls, file: Path) -> "Contents":
        """From `packages.json` of the interpreter's folder."""
        content = json.loads(file.read_text("utf-8"))
        return cls(
            tuple(Package(each["name"], tuple(each["modules"]), each["folder"]) for each in content["packages"]),
            tuple(Need(**each) for each in content["needs"]),
        )


def application_versions(packages: Iterable[Package]) -> dict[str, str]:
    """The version of each of these that the application has itself, by name."""
    found = {}
    for package in packages:
        distribution = next(iter(metadata.distributions(name=package.name)), None)
        if distribution is not None:
            found[package.name] = distribution.metadata["Version"] or UNKNOWN
        elif any(map(_is_there, package.modules)):
            found[package.name] = UNKNOWN
    return found


def _is_there(module: str) -> bool:
    if module in sys.modules:
        return True
    return importlib.util.find_spec(module) is not None


def misfits(needs: Sequence[Need], versions: Mapping[str, str], satisfies: Satisfies) -> list[str]:
    """What does not go together, a phrase each: packages of the application that one of ours cannot use."""
    phrases: dict[str, str] = {}
    for need in needs:
        version = versions.get(need.name)
        if version is None or need.by in versions or need.name in phrases:
            continue
        if version is UNKNOWN or version == UNKNOWN:
            phrases[need.name] = f"{need.name} is installed here without a version number"
        elif not satisfies(need.specifiers, version):
            phrases[need.name] = f"{need.name} {version} is installed here, and {need.by} needs {need.specifiers}"
    return list(phrases.values())


def satisfaction(packaging: Path) -> Satisfies:
    """The comparison of the library `packaging` in this folder, loaded beside the one that the application may have."""
    name = "_reduse_injected_packaging"
    spec = importlib.util.spec_from_file_location(
        name, packaging / "__init__.py", submodule_search_locations=[str(packaging)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{packaging} is no package")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        specifiers = importlib.import_module(f"{name}.specifiers")
    finally:
        for each in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[each]

    def satisfies(wanted: str, version: str) -> bool:
        return bool(specifiers.SpecifierSet(wanted).contains(version, prereleases=True))

    return satisfies
