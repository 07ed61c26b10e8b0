"""The files of a history: which windows each has, found without reading rows."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reduse.history import journal, names
from reduse.history.contents import Contents, NewerVersionError, ServiceContents, UnreadableError, from_json
from reduse.history.journal import Entry
from reduse.history.rows import NO_POLICY
from reduse.history.schema import CONTENTS_KEY, arrow_schema

if TYPE_CHECKING:
    import pyarrow.parquet as pq


class Journal:
    """An open journal: what it has stays readable when it is deleted meanwhile."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self.descriptor)
        self.entries: Sequence[Entry] = tuple(journal.entries(self.descriptor))


@dataclass(frozen=True, slots=True)
class Part:
    """Some windows of a source, with all numbers from `contents.first` to `contents.last`.

    They are in the Parquet file `path`, or else in a journal.
    """

    path: Path
    contents: Contents
    journal: Journal | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """All that is in folders. `unreadable`: files that say nothing, with why. `incomplete`: sources of which the
    newest windows are not kept. `newer`: those of the unreadable files that a newer release wrote."""

    parts: Sequence[Part]
    unreadable: Mapping[Path, str]
    incomplete: frozenset[str]
    newer: Sequence[Path] = ()


def find(folders: Sequence[Path]) -> Found:
    """Raises OSError when a folder cannot be read; one that is not there has nothing."""
    parts: list[Part] = []
    unreadable: dict[Path, str] = {}
    newer: list[Path] = []

    def take(ending: str, read: Callable[[Path], Iterable[Part]]) -> None:
        for path in _named(folders, ending):
            try:
                parts.extend(read(path))
            except FileNotFoundError:
                continue
            except (OSError, UnreadableError) as error:
                unreadable[path] = str(error)
                newer.extend([path] if isinstance(error, NewerVersionError) else [])

    # Journals first: what becomes a Parquet file meanwhile is met twice, not missed.
    take(names.JOURNAL, lambda path: _of_journal(Journal(path)))
    whole = {path.name.removesuffix(names.WHOLE) for folder in folders for path in folder.glob(f"*{names.WHOLE}")}
    take(names.PARQUET, lambda path: [Part(path, contents_of(opened(path)))])
    sources = {part.contents.source for part in parts}
    return Found(parts, unreadable, frozenset(sources - whole), newer)


def _named(folders: Sequence[Path], ending: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.glob(f"*{ending}") if names.parsed(path.stem) is not None)


def opened(path: Path) -> pq.ParquetFile:
    """Raises OSError; UnreadableError when it is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        if file.schema_arrow.equals(arrow_schema()):
            return file
        file.close()
    except pa.ArrowException as error:
        raise UnreadableError(f"it is no whole Parquet file: {error}") from error
    raise UnreadableError("it has other columns than a history")


def contents_of(file: pq.ParquetFile) -> Contents:
    """Raises UnreadableError."""
    text = (file.metadata.metadata or {}).get(CONTENTS_KEY)
    if text is None:
        raise UnreadableError("it is no file of a history")
    return from_json(text)


def _of_journal(found: Journal) -> Iterator[Part]:
    """Runs of windows without a number between them that is missing."""
    name = names.parsed(found.path.stem)
    source = name.source if name is not None else found.path.stem
    run: list[Entry] = []
    for entry in found.entries:
        if run and entry.number != run[-1].number + 1:
            yield Part(found.path, contents_of_entries(source, run), found)
            run = []
        run.append(entry)
    if run:
        yield Part(found.path, contents_of_entries(source, run), found)


def contents_of_entries(source: str, entries: Sequence[Entry]) -> Contents:
    """Of windows whose numbers follow each other, at least one."""
    services: dict[str, list[Entry]] = {}
    for entry in entries:
        services.setdefault(entry.service, []).append(entry)
    found = {}
    for service in sorted(services):
        of_service = services[service]
        found[service] = ServiceContents(
            (),
            sum(entry.rows for entry in of_service),
            (NO_POLICY, *sorted({name for entry in of_service for name in entry.head["policies"]} - {NO_POLICY})),
            np.array([entry.second for entry in of_service], np.int64),
            np.array([entry.number for entry in of_service], np.int64),
        )
    seconds = [entry.second for entry in entries]
    return Contents(source, entries[0].number, entries[-1].number, min(seconds), max(seconds) + 1, found)
