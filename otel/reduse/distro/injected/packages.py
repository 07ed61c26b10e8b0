"""The packages of the folder, after all that the application has and without a place in `sys.path`."""

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from pathlib import Path
from types import ModuleType

_OF_THIS_PROCESS = DistributionFinder.Context()


def interpreter() -> str:
    """The folder of what is compiled for this interpreter: version, processor and C library, as it names them itself.

    For example `cpython-312-x86_64-linux-gnu` (PEP 3149).
    """
    return EXTENSION_SUFFIXES[0].split(".")[1]


class Packages(DistributionFinder):
    """The last finder of all: an application's own packages are found before, wherever they are.

    Args:
        folders: one for each distribution that the application does not have.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [str(folder) for folder in folders]

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - of a parent, which may be the application's part of it
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        """A module that nobody else has: of a package of ours, or of one that is spread over several folders."""
        parent = name.rpartition(".")[0]
        if not parent:
            return PathFinder.find_spec(name, self._folders)
        if getattr(sys.modules.get(parent), "__file__", None) is not None:
            return None
        inner = parent.replace(".", "/")
        return PathFinder.find_spec(name, [f"{folder}/{inner}" for folder in self._folders])

    def find_distributions(self, context: DistributionFinder.Context = _OF_THIS_PROCESS) -> Iterator[Distribution]:
        """For `importlib.metadata`: entry points and versions."""
        if context.path is not sys.path:
            # Somebody asks about folders of their own.
            return iter(())
        inner = DistributionFinder.Context(name=context.name, path=self._folders)
        return iter(MetadataPathFinder.find_distributions(inner))

    def holds(self, module: ModuleType) -> bool:
        """Whether a module was imported from here."""
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        return any(file.startswith(f"{folder}/") for folder in self._folders)

    def invalidate_caches(self) -> None:
        """Nothing is kept."""


def forget(packages: Packages) -> None:
    """Take the packages out of the process again, with all that was imported from them."""
    if packages in sys.meta_path:
        sys.meta_path.remove(packages)
    for name in [name for name, module in sys.modules.items() if packages.holds(module)]:
        del sys.modules[name]
