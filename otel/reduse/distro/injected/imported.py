"""A module that may have been imported, or come to be hooked, while somebody looked for it."""

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Imported(Loader):
    """Gives the module that there is, as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._specification = module.__spec__
        self._loader = module.__loader__

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002 - the protocol's
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just written into the module that it comes from here.
        module.__spec__ = self._specification
        module.__loader__ = self._loader


def found_now(name: str) -> ModuleSpec | None:
    """What a finder returns for a top-level module that it was asked for before other finders came and went."""
    module = sys.modules.get(name)
    if module is None:
        specs = (finder.find_spec(name, None) for finder in tuple(sys.meta_path) if hasattr(finder, "find_spec"))
        return next((spec for spec in specs if spec is not None), None)
    return _spec_of(module, name)


def _spec_of(module: ModuleType, name: str) -> ModuleSpec | None:
    origin = module.__spec__
    if origin is None:
        return None
    spec = ModuleSpec(name, _Imported(module), origin=origin.origin, is_package=origin.parent == name)
    if origin.submodule_search_locations is not None:
        spec.submodule_search_locations = origin.submodule_search_locations
    return spec
