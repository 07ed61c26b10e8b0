"""Secrets as files: one each, which only its owner can read."""

import os
import secrets
from pathlib import Path

from reduse.errors import SettingError


def read(directory: Path, name: str) -> str:
    return (directory / name).read_text()


def line(setting: str, file: Path) -> str:
    """The one line of a file that a setting names. Raises SettingError when it cannot be read or holds no such line."""
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{setting}={file}: {error.strerror}; name a file that this user may read.") from None
    except ValueError:
        raise SettingError(f"{setting}={file}: is empty; name the file with the secret.") from None
    if not secret or "\n" in secret:
        raise SettingError(f"{setting}={file}: must contain only the secret, on one line.")
    return secret


def password() -> str:
    # A letter first: the collector reads these files as YAML, where digits alone would be a number.
    return "s" + secrets.token_hex(24)


def write(path: Path, content: str) -> None:
    """Write a file that only its owner can read, in one move; whoever was given the one before can read this too."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        if os.geteuid() == 0 and path.exists():
            before = path.stat()
            os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, before.st_mode & 0o640)
    partial.replace(path)


def close(directory: Path) -> None:
    """Let nobody but its owner list or change a folder of secrets. Parts that were given some may pass through it."""
    directory.chmod(directory.stat().st_mode & 0o711)
