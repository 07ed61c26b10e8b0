"""Windows to try a history with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reduse.history import journal, names
from reduse.history.contents import Contents
from reduse.history.numbers import first_number
from reduse.history.rows import WindowRows
from reduse.processor.history import parquet

# The start of an hour.
HOUR = 1_790_000_000 // 3600 * 3600
SERVICE = "mes-api"


def window(second: int, number: int, users: int = 3, seed: int = 0, service: str = SERVICE) -> WindowRows:
    """With two rows for some users: one under a policy, one under none."""
    random = np.random.default_rng([seed, second, users])
    found = np.unique(random.integers(0, 2**64, users, dtype=np.uint64))
    policy = np.zeros(len(found), np.uint8)
    if users > 1:
        found, policy = np.repeat(found, 2), np.tile(np.array([0, 1], np.uint8), len(found))
    counts = random.integers(1, 9, len(found))
    throttled = random.integers(0, counts + 1)
    return WindowRows(
        service,
        second,
        number,
        ((int(random.integers(0, 5)), 7), (0, 0), (int(random.integers(0, 2)), 0)),
        ("", "price") if users > 1 else ("",),
        found,
        policy,
        counts,
        throttled,
        random.integers(0, 2**40, len(found)),
    )


def windows(count: int, second: int = HOUR, users: int = 3, service: str = SERVICE) -> list[WindowRows]:
    """In seconds that follow each other, from the first that the source closes."""
    return [window(second + n, first_number(second) + n, users, service=service) for n in range(count)]


def write_journal(folder: Path, name: str, found: Sequence[WindowRows]) -> Path:
    path = folder / f"{name}{names.JOURNAL}"
    path.write_bytes(b"".join(part for each in found for part in journal.pack(each)))
    return path


def write_parquet(folder: Path, name: str, found: Sequence[WindowRows]) -> Contents:
    path = write_journal(folder, name, found)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        entries = list(journal.entries(descriptor))
        source = name.split("_", 1)[0]
        return parquet.write(descriptor, entries, source, folder / f"{name}{names.PARQUET}")
    finally:
        os.close(descriptor)
        path.unlink()


def mark_whole(folder: Path, source: str) -> None:
    (folder / f"{source}{names.WHOLE}").touch()
