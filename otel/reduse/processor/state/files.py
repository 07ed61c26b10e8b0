"""What a plain file takes to be durable."""

from __future__ import annotations

import os
from pathlib import Path

_BLOCK_BYTES = 2**20


def write_all(descriptor: int, part: bytes | memoryview) -> None:
    """Raises OSError; then some of it may have been written."""
    rest = memoryview(part)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def check_readable(folder: Path) -> None:
    """Read all files of a folder. Raises OSError where the disk does not give what is in them."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(_BLOCK_BYTES):
                    pass


def sync_names(folder: Path) -> None:
    """Files that were made or renamed in it keep their names after a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
