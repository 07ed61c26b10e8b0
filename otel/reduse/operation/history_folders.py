"""Where the history of the stack's processors is."""

import os
from pathlib import Path

from reduse.settings.stack import Settings

NAMED = "REDUSE_PROCESSOR_HISTORY_DIR"


def history_folders(settings: Settings) -> list[Path]:
    """The folder that a setting of the processor names, else the one in its state."""
    named = os.environ.get(NAMED)
    return [Path(named) if named else settings.data_dir / "processor" / "history"]
