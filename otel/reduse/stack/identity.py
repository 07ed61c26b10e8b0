"""As whom parts run where the stack is started as root: each as a user of its own, who has no other rights.

The user ids are of no entry in /etc/passwd, so nothing is changed on the machine. An installation has a block of
ids: the ids of its parts, and a group for each secret that several parts read. Which name has which id is kept in the
state folder, as the files of a part belong to its user.
"""

import json
import os
import pwd
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reduse.errors import SettingError
from reduse.settings.stack import IDS_OF_AN_INSTALLATION, Settings

FIRST_ID = 0x7800_0000
"""The first block begins here: above what directories of users hand out by default (SSSD: up to 2,000,200,000), and in
what systemd leaves unused ("Users, Groups, UIDs and GIDs on systemd Systems")."""
BLOCKS = (2**31 - FIRST_ID) // IDS_OF_AN_INSTALLATION
# Of a user namespace whose ids end below: the last block, without `nobody`.
LAST_IDS_LEFT_OUT = 2
UID_MAP = Path("/proc/self/uid_map")


@dataclass(frozen=True)
class Identity:
    """The user, the group, and the further groups of a process."""

    user: int
    group: int
    groups: tuple[int, ...] = ()

    def prefix(self) -> list[str]:
        """What to put before a command that is to run so: with no capability, and with no way to get one."""
        return [
            "/usr/bin/setpriv",
            f"--reuid={self.user}",
            f"--regid={self.group}",
            f"--groups={','.join(map(str, self.groups))}" if self.groups else "--clear-groups",
            "--no-new-privs",
            "--inh-caps=-all",
            "--bounding-set=-all",
        ]

    def within(self, groups: Sequence[int]) -> "Identity":
        """The same, in these groups too."""
        return replace(self, groups=tuple(sorted({*self.groups, *groups})))


def of_system_user(name: str) -> Identity:
    """A user of the machine's, such as Debian's `postgres`. Raises SettingError when there is none."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise SettingError(f"the user {name} is missing on this machine: install the Debian package again.") from None
    return Identity(found.pw_uid, found.pw_gid)


def privileged() -> bool:
    """Whether this process can, and has to, run parts as others than itself."""
    return os.geteuid() == 0


class Identities:
    """The ids of one installation, by name; a name keeps its id."""

    def __init__(self, settings: Settings, uid_map: Path = UID_MAP) -> None:
        self._file = settings.state_dir / "identities.json"
        try:
            known: dict[str, int] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = {}
        except ValueError:
            raise SettingError(
                f"{self._file} is not readable as JSON: restore it, or remove it to have ids given anew."
            ) from None
        self._known = known
        self._first = settings.first_user_id or _block(settings, uid_map.read_text(encoding="ascii"))

    def of(self, name: str) -> Identity:
        """The identity of this name."""
        number = self.number(name)
        return Identity(number, number)

    def number(self, name: str) -> int:
        """The id of this name. Raises SettingError when all ids of the installation are in use."""
        if name not in self._known:
            free = sorted(set(range(IDS_OF_AN_INSTALLATION)) - {each - self._first for each in self._known.values()})
            if not free:
                raise SettingError(
                    f"{self._file}: all {IDS_OF_AN_INSTALLATION} ids are in use: remove those of parts that are gone."
                )
            self._known[name] = self._first + free[0]
        return self._known[name]

    def keep(self) -> None:
        """Write down who has which id."""
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        partial.replace(self._file)


def _block(settings: Settings, uid_map: str) -> int:
    """The first id of an installation: by its folder, so that two on one machine do not have the same ids."""
    ends = [int(first) + int(count) for first, _, count in map(str.split, uid_map.splitlines())]
    wanted = FIRST_ID + zlib.crc32(os.fsencode(settings.state_dir)) % BLOCKS * IDS_OF_AN_INSTALLATION
    end = max(ends, default=0)
    if wanted + IDS_OF_AN_INSTALLATION <= end:
        return wanted
    last = end - LAST_IDS_LEFT_OUT - IDS_OF_AN_INSTALLATION
    if last <= 0:
        raise SettingError(
            f"this is root of a user namespace of {end} ids, and each part is to run as a user of its own: "
            "give it a range of ids (newuidmap), or start the stack as another user than root."
        )
    return last
