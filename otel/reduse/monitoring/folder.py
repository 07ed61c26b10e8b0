"""Writes generated files into a folder of the user; files that were not written by this module are never changed."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reduse.errors import SettingError
from reduse.monitoring.origin import COMMAND
from reduse.monitoring.rendering import Files

MANIFEST = ".reduse-render.json"
"""The list of written files with their digests, by which files that were changed by hand are detected."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths below the folder, in order. `left`: no longer generated, but kept because they were changed by hand."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unchanged: int = 0

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)

    def as_dict(self) -> Mapping[str, object]:
        return {
            "written": list(self.written),
            "removed": list(self.removed),
            "left": list(self.left),
            "unchanged": self.unchanged,
        }


def changes(folder: Path, files: Files) -> Changes:
    """What `write` would do.

    Raises:
        SettingError: a file is there that is not of the same hand, or was changed since.
        OSError: a file cannot be read.
    """
    known = manifest(folder)
    there = {name: _digest_of(folder / name) for name in sorted({*files, *known})}
    foreign = [name for name in files if not _may_be_written(there[name], known.get(name), files[name])]
    if foreign:
        raise SettingError("\n".join(_refusals(folder, foreign, known)))
    stale = [name for name in known if name not in files and there[name] is not None]
    written = tuple(name for name in sorted(files) if there[name] != _digest(files[name]))
    return Changes(
        written=written,
        removed=tuple(name for name in sorted(stale) if there[name] == known[name]),
        left=tuple(name for name in sorted(stale) if there[name] != known[name]),
        unchanged=len(files) - len(written),
    )


def write(folder: Path, files: Files) -> Changes:
    """Write new and changed files, and remove written files that are no longer generated.

    Raises:
        SettingError: a file is there that is not of the same hand, or was changed since; then nothing was written.
        OSError: a file cannot be read or written.
    """
    made = changes(folder, files)
    for name in made.written:
        replace(folder / name, files[name])
    for name in made.removed:
        (folder / name).unlink()
        _remove_empty(folder, (folder / name).parent)
    written = {"about": f"Files that `{COMMAND}` has written here.", "files": _digests(files)}
    text = json.dumps(written, indent=1, sort_keys=True) + "\n"
    if made or not (folder / MANIFEST).exists():
        replace(folder / MANIFEST, text)
    return made


def replace(path: Path, text: str) -> None:
    """Write the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.new")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _may_be_written(there: str | None, known: str | None, text: str) -> bool:
    return there in (None, known, _digest(text))


def _refusals(folder: Path, names: list[str], known: Mapping[str, str]) -> Iterator[str]:
    for name in names:
        was = "was changed since it was written" if name in known else f"was not written by `{COMMAND}`"
        yield f"{folder / name} {was}: move it away, or choose another folder with --to. Nothing was written."


def manifest(folder: Path) -> Mapping[str, str]:
    """Digests of the files that were written into this folder, by path. Raises SettingError."""
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in files.items() if _is_below(str(name))}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingError(
            f"{path} was not written by `{COMMAND}` in this form: choose another folder with --to."
        ) from None


def _is_below(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _digests(files: Files) -> Mapping[str, str]:
    return {name: _digest(text) for name, text in files.items()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _digest_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _remove_empty(top: Path, folder: Path) -> None:
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
