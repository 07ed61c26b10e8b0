"""Secrets as files: one each, which only its owner can read."""

import os
import secrets
from pathlib import Path


def read(directory: Path, name: str) -> str:
    return (directory / name).read_text()


def password() -> str:
    # A letter first: the collector reads these files as YAML, where digits alone would be a number.
    return "s" + secrets.token_hex(24)


def write(path: Path, content: str) -> None:
    """Write a file that only its owner can read, in one move."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    partial.replace(path)
