"""What would change in files when they are written anew."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from reduse.errors import SettingError
from reduse.monitoring import folder

CONTEXT_LINES = 3


class Kind(StrEnum):
    """What happens to a file."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """`lines`: as `diff -u` has them, without line ends."""

    path: str
    kind: Kind
    lines: Sequence[str]

    @property
    def added(self) -> int:
        """Lines that come."""
        return self._beginning("+")

    @property
    def removed(self) -> int:
        """Lines that go."""
        return self._beginning("-")

    def _beginning(self, sign: str) -> int:
        # The first two lines name the file before and after.
        return sum(line.startswith(sign) for line in self.lines[2:])

    def as_dict(self) -> dict[str, object]:
        return {
            "path": self.path,
            "kind": self.kind.value,
            "added": self.added,
            "removed": self.removed,
            "lines": list(self.lines),
        }


def texts(against: Path, files: Mapping[str, str]) -> dict[str, str]:
    """What a folder has of these files, and of those that were written there before and no longer are.

    Raises:
        SettingError: there is no such folder, or a file in it is no text.
    """
    if not against.is_dir():
        raise SettingError(f"{against}: the folder does not exist; `./reduse render --to {against}` creates it.")
    found = {}
    for name in sorted({*files, *folder.manifest(against)}):
        try:
            found[name] = (against / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{against / name} cannot be read: {getattr(error, 'strerror', 'no text')}.") from None
    return found


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    """Of texts by path, in the order of their paths; none where nothing changes."""
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        kind = Kind.NEW if old is None else Kind.GONE if new is None else Kind.CHANGED
        lines = difflib.unified_diff(
            (old or "").splitlines(),
            (new or "").splitlines(),
            "/dev/null" if old is None else f"a/{path}",
            "/dev/null" if new is None else f"b/{path}",
            n=CONTEXT_LINES,
            lineterm="",
        )
        yield Difference(path, kind, tuple(lines))
