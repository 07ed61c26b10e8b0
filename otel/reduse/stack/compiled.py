"""What the processors compile at their first start: made by root once, and given to each as a copy.

numba uses a cache only where it may write, and a part may not write beside the code. Without a copy each processor of
each state folder would compile for half a minute.
"""

import os
import shutil
import sys
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import commands, identity, least_privilege

PROGRAM = "from reduse.processor.compilation import compile_ahead; compile_ahead(joined=True)"
VARIABLE = "NUMBA_CACHE_DIR"


def environment(settings: Settings, processor: str) -> dict[str, str]:
    """Where this processor finds what is compiled; nothing where it finds it beside the code."""
    return {VARIABLE: str(_folder(settings, processor))} if identity.privileged() else {}


def provide(settings: Settings) -> None:
    """Compile what is not compiled yet, and give it to the processors. Raises CommandError."""
    made = settings.cache / "compiled"
    commands.run(
        [sys.executable, "-c", PROGRAM],
        log=settings.log_dir / "setup.log",
        cure=f"Remove {made} and try again.",
        environment={"PATH": os.environ["PATH"], VARIABLE: str(made)},
    )
    for name in settings.processor_names:
        folder = _folder(settings, name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with least_privilege.as_owner_of(folder.parent):
            shutil.copytree(made, folder, dirs_exist_ok=True)


def _folder(settings: Settings, processor: str) -> Path:
    return settings.data_dir / processor / "compiled"
