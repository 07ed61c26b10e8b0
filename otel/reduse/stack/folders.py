"""The folders of an installation: whether they can be made and written, and have room."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from reduse.errors import SettingError, StackError
from reduse.settings.stack import Settings, is_checkout
from reduse.stack import least_privilege
from reduse.stack.installation import Installation


def make_state_folder(settings: Settings) -> None:
    """Make it where it is not there; `SettingError` when it cannot be made, or not be written."""
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.state_dir):
            pass
    except OSError as error:
        raise SettingError(
            f"REDUSE_STATE_DIR={settings.state_dir} cannot be written ({error.strerror}): "
            "set it to a folder that this user may write, on a disk with room."
        ) from None


def check_root(settings: Settings) -> None:
    """Raise `SettingError` where only the package is installed."""
    if not is_checkout(settings.root):
        raise SettingError(
            f"{settings.root} is not a checkout of this project, which this command needs: set REDUSE_ROOT to one."
        )


def check_open_to_parts(installation: Installation) -> None:
    """Raise `SettingError` for a folder that parts need and cannot enter: started by root they run without rights."""
    settings = installation.settings
    needed = {
        f"REDUSE_STATE_DIR={settings.state_dir}": settings.state_dir,
        f"REDUSE_CACHE_DIR={settings.cache}": settings.cache,
        f"the checkout {settings.root}": settings.root / "otel" / "reduse",
        f"the Python environment {sys.prefix}": Path(sys.prefix),
        f"the Python of {sys.prefix}, {sys.base_prefix}": Path(sys.base_prefix),
    }
    if installation.processes.services or installation.processes.load:
        needed[f"the company's folder {installation.folder}"] = installation.folder
    for name, folder in needed.items():
        closed = least_privilege.entered_by_others(folder.absolute())
        if closed is not None:
            raise SettingError(
                f"{name}: the parts, which do not run as root, cannot enter {closed}. Use a folder that others can "
                "enter, such as one below /opt or /var/lib, or start the stack as another user than root."
            )


def check_room(name: str, folder: Path, needed: int) -> None:
    """Raise `StackError` when the disk of `folder`, which need not be there yet, has less than `needed` bytes free."""
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    free = shutil.disk_usage(there).free
    if free < needed:
        raise StackError(
            f"{folder} has {free / 2**30:.1f} GiB free and needs {needed / 2**30:.0f}: "
            f"free some disk, or set {name} to a larger one."
        )
