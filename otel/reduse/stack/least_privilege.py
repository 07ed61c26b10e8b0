"""What each part may reach: its own data, the secrets that it is told of, and nothing else.

Started as root, the stack runs each part as a user of its own (`identity`). A secret is readable for the parts whose
command, environment or configuration names its file; who is told of no secret can read none. A private file outside of
the state folder is handed to the part as a copy. Started by another user, every part is this user, and only modes of
files remain.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import identity
from reduse.stack.identity import Identities, Identity
from reduse.stack.part import SERVICES, Part

ENTERED = 0o711
"""Of folders that parts pass through: they cannot list what is there."""
PRIVATE = 0o700
OWN_DATA = 0o750
"""The group of a part has only the part itself and those who join it."""
OWN_UMASK = 0o027
CLOSED_UMASK = 0o077
"""Of parts that are all of one user."""
HOMELESS = "/nonexistent"
"""As Debian names the home of system users."""


def make_folders(settings: Settings) -> None:
    """The folders of the stack, closed to others. What is written into them from now on, parts can read."""
    if identity.privileged():
        os.umask(0o022)
    passed = ENTERED if identity.privileged() else PRIVATE
    for folder, mode in ((settings.data_dir, passed), (settings.run_dir, passed), (settings.log_dir, PRIVATE)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)


def restricted(parts: Sequence[Part], settings: Settings) -> list[Part]:
    """The parts, each with its identity where there are any; their files are given to them."""
    if not identity.privileged():
        return list(parts)
    identities = Identities(settings)
    own = {part.name: _own(part, identities) for part in parts}
    parts = [_with_home(_with_copies(part, settings, own[part.name]), settings) for part in parts]
    readers = _readers(parts, settings)
    groups = _let_read(readers, own, identities)
    for part in parts:
        _let_own(part, own[part.name], shared=any(part.name in other.joins for other in parts))
    identities.keep()
    return [
        replace(
            part,
            identity=own[part.name].within(
                [*groups.get(part.name, ()), *(own[other].group for other in part.joins if other in own)]
            ),
        )
        for part in parts
    ]


def _own(part: Part, identities: Identities) -> Identity:
    return identity.of_system_user(part.system_user) if part.system_user else identities.of(part.name)


def _with_home(part: Part, settings: Settings) -> Part:
    """Programs of others expect a home that they can write; ours need none."""
    if "HOME" in part.environment:
        return part
    if part.stage < SERVICES:
        return replace(part, environment={"HOME": HOMELESS, **part.environment})
    home = settings.data_dir / "home" / part.name
    return replace(part, environment={"HOME": str(home), **part.environment}, owns=(*part.owns, home))


def _with_copies(part: Part, settings: Settings, own: Identity) -> Part:
    """The part with copies in the place of files elsewhere that its environment names and it could not read."""
    environment = dict(part.environment)
    for name, value in part.environment.items():
        path = Path(value)
        if path.is_absolute() and not path.is_relative_to(settings.state_dir) and path.is_file():
            environment[name] = str(readable(path, part.name, settings, own))
    return replace(part, environment=environment)


def readable(path: Path, part: str, settings: Settings, own: Identity) -> Path:
    """`path` where this user can read it, else a copy that only this user can read."""
    if can_read(path, own):
        return path
    folder = settings.run_dir / "handed" / part
    folder.mkdir(parents=True, exist_ok=True)
    for passed in (folder.parent, folder):
        passed.chmod(ENTERED)
    # By its whole path: two files of one name are two.
    copy = folder / str(path.absolute()).strip("/").replace("/", "_")
    partial = copy.with_name(copy.name + ".partial")
    partial.unlink(missing_ok=True)
    with path.open("rb") as source, os.fdopen(_created(partial), "wb") as target:
        shutil.copyfileobj(source, target)
        os.fchown(target.fileno(), own.user, own.group)
    partial.replace(copy)
    return copy


def _created(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)


def can_read(path: Path, own: Identity) -> bool:
    """Whether modes and owners let this user read the file."""
    resolved = path.resolve()
    return _allows(resolved.stat(), own, 0o4) and all(_allows(each.stat(), own, 0o1) for each in resolved.parents)


def _allows(status: os.stat_result, own: Identity, right: int) -> bool:
    """Whether the mode gives this right: 4 reads, 1 enters."""
    if status.st_uid == own.user:
        return bool(status.st_mode & right << 6)
    if status.st_gid in {own.group, *own.groups}:
        return bool(status.st_mode & right << 3)
    return bool(status.st_mode & right)


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Write into a part's folder as the part, until the block ends: a link that it has put there leads root nowhere."""
    own = _owner(folder)
    if own is None:
        yield
        return
    os.setegid(own.group)
    os.seteuid(own.user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def prefix_of_owner(folder: Path) -> list[str]:
    """What to put before a command that works in a part's folder."""
    own = _owner(folder)
    return own.prefix() if own else []


def _owner(folder: Path) -> Identity | None:
    """Who has a folder; None where it is not there yet, or of whoever runs the stack."""
    if not identity.privileged() or not folder.exists():
        return None
    status = folder.stat()
    return Identity(status.st_uid, status.st_gid) if status.st_uid != 0 else None


def entered_by_others(path: Path) -> Path | None:
    """The first folder on the way to `path`, itself included, that users without rights cannot enter; None if none."""
    ways = [path, *path.parents]
    return next((each for each in reversed(ways) if each.is_dir() and not each.stat().st_mode & stat.S_IXOTH), None)


def _readers(parts: Iterable[Part], settings: Settings) -> dict[Path, set[str]]:
    """The parts that read each private file of the state folder, by name."""
    found: dict[Path, set[str]] = {path: set() for path in _files(settings.secrets_dir)}
    for part in parts:
        for path in (*named_secrets(part, settings), *part.reads):
            found.setdefault(path, set()).add(part.name)
    return {path: names for path, names in found.items() if path.is_file()}


def named_secrets(part: Part, settings: Settings) -> Iterator[Path]:
    """The files in the folder of secrets that the command or the environment of a part names."""
    folder = settings.secrets_dir
    relative = settings.in_state_folder(folder)
    # A part that runs in the state folder names them from there.
    name = re.compile(rf"(?:{re.escape(str(folder))}|(?<![\w./-]){re.escape(str(relative))})/([^\s:;,\"']+)")
    for text in (*part.command, *part.environment.values()):
        for found in name.finditer(text):
            yield folder / found[1]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _let_read(
    readers: Mapping[Path, set[str]], own: Mapping[str, Identity], identities: Identities
) -> dict[str, list[int]]:
    """Give each file to its readers; the groups of each part that this takes, by the part's name."""
    groups: dict[str, list[int]] = {}
    for path, names in sorted(readers.items()):
        if not names:
            _give(path, 0, 0o600)
        elif len(names) == 1:
            _give(path, own[next(iter(names))].group, 0o640)
        else:
            group = identities.number(f"{path.parent.name}/{path.name}")
            _give(path, group, 0o640)
            for name in names:
                groups.setdefault(name, []).append(group)
        path.parent.chmod(stat.S_IMODE(path.parent.stat().st_mode) | 0o011)
    return groups


def _give(path: Path, group: int, mode: int) -> None:
    os.chown(path, 0, group)
    path.chmod(mode)


def _let_own(part: Part, own: Identity, *, shared: bool) -> None:
    """Give a part the folders of its data, with what earlier starts have left there."""
    for folder in part.owns:
        folder.mkdir(parents=True, exist_ok=True)
        if part.system_user is None:
            folder.chmod(OWN_DATA)
        folder.parent.chmod(stat.S_IMODE(folder.parent.stat().st_mode) | 0o011)
        for path in (folder, *folder.rglob("*")):
            status = path.lstat()
            if (status.st_uid, status.st_gid) != (own.user, own.group):
                os.chown(path, own.user, own.group, follow_symlinks=False)
            if shared and not stat.S_ISLNK(status.st_mode):
                path.chmod(stat.S_IMODE(status.st_mode) | _for_group(status.st_mode))


def _for_group(mode: int) -> int:
    """What the owner may read and enter, the group may."""
    return (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 3
