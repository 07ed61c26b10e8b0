"""Measuring an application that brings nothing of ours, from a folder that somebody has put on its PYTHONPATH.

The folder is made by `reduse.injection`; this package is its part that runs before anything of the folder is imported.
It is loaded under a name of its own, from a file, so its modules import the standard library and one another only.
"""

from importlib.machinery import ModuleSpec
from pathlib import Path

from .beginning import begin
from .imported import found_now


def start(root: str, imported: str, forked: bool) -> ModuleSpec | None:
    """Measure this process if what it has is fit for it, and say one line on stderr otherwise. Never raises.

    Args:
        root: the folder with `any`, `start` and one folder for each interpreter.
        imported: the module that is about to be imported.
        forked: whether the process was forked since its interpreter started.

    Returns:
        The specification of that module, by finders that are there now: measuring adds one. Where it was imported
        meanwhile it is taken as it is, and not executed twice.
    """
    begin(Path(root), forked=forked)
    return found_now(imported)
