"""Who may read a history: its owner, and the group where the folder above is open to its group and to no others.

The state folder that a processor makes is open to nobody else; the stack opens it to the group in which the console is.
"""

from pathlib import Path

_OTHERS = 0o007
_READ_BY_GROUP = 0o040
_ENTERED_BY_GROUP = 0o050


def of_file(path: Path) -> int:
    """The mode of a new file. Raises OSError where its folder cannot be looked at."""
    return 0o600 | _group(path.parent, _READ_BY_GROUP)


def of_folder(path: Path) -> int:
    """The mode of a new folder."""
    return 0o700 | _group(path.parent, _ENTERED_BY_GROUP)


def _group(above: Path, rights: int) -> int:
    mode = above.stat().st_mode if above.exists() else 0
    return mode & rights if not mode & _OTHERS else 0
