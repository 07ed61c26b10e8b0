"""Measuring an application that brings nothing of ours, from a folder that somebody has put on its PYTHONPATH.

The folder is made by `reduse.injection`; this package is its part that runs before anything of the folder is imported.
It is loaded under a name of its own, from a file, so its modules import the standard library and one another only.
"""

from importlib.machinery import ModuleSpec
from pathlib import Path

from .beginning import begin
from .imported import spec_of_imported


def start(root: str, imported: str, forked: bool) -> ModuleSpec | None:
    """Measure this process if what it has is fit for it, and say one line on stderr otherwise. Never raises.

    Args:
        root: the folder with `any`, `start` and one folder for each interpreter.
        imported: the module that is about to be imported.
        forked: whether the process was forked since its interpreter started.

    Returns:
        The specification of that module if it was imported meanwhile, so that it is not executed twice.
    """
    begin(Path(root), forked=forked)
    return spec_of_imported(imported)
