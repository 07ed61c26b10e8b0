"""The engine's commands as records of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reduse.processor.core.block import BLOCK, pack_block, unpack_block
from reduse.processor.core.columns import Export, Int64, Stream
from reduse.processor.core.command import Close, Command, Forget, ForgetService, Resume
from reduse.processor.core.packing import opened, pack, unpack_opened

_BLOCK = bytes([BLOCK])
_COLUMNS = {"kinds": np.uint8, "users": np.uint64, "counts": np.int64, "microseconds": np.int64}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Exports that came at `now` (Unix ns), which the records of earlier releases do not tell."""

    exports: list[Export]
    now: int | None


def pack_exports(exports: Sequence[Export], now: int) -> bytes:
    return pack_block(exports, now)


def pack_command(command: Command) -> bytes:
    match command:
        case Close(service, through, quiet):
            return pack({"close": [service, through, quiet]})
        case Forget(stream):
            return pack({"forget": list(stream)})
        case ForgetService(service):
            return pack({"forget_service": service})
        case Resume(now):
            return pack({"resume": now})


def unpack_record(body: bytes) -> Arrival | Command:
    """Raises DamagedError when it is not what was packed, ValueError for a kind that is not known."""
    header, rest = opened(body)
    if header[:1] == _BLOCK:
        return Arrival(*unpack_block(header, rest))
    record = unpack_opened(header, rest)
    match record:
        case {"exports": keys}:
            # As earlier releases have written it.
            return Arrival(_exports(record, keys), record.get("now"))
        case {"close": [service, through, quiet]}:
            return Close(service, through, quiet)
        case {"forget": [service, instance]}:
            return Forget(Stream(service, instance))
        case {"forget_service": service}:
            return ForgetService(service)
        case {"resume": now}:
            return Resume(now)
    raise ValueError("a record of an unknown kind")


def _exports(record: dict[str, Any], keys: list[Any]) -> list[Export]:
    ends = np.cumsum([key[-1] for key in keys])[:-1]
    columns = (record[name].astype(kind, copy=False) for name, kind in _COLUMNS.items())
    later = _later(record, keys)
    found = []
    for number, (service, instance, start, time, _), kinds, users, counts, microseconds in zip(
        range(len(keys)), keys, *(np.split(column, ends) for column in columns), strict=True
    ):
        starts = start + later[number] if number in later else None
        found.append(Export(Stream(service, instance), start, time, kinds, users, counts, microseconds, starts))
    return found


def _later(record: dict[str, Any], keys: list[Any]) -> dict[int, Int64]:
    """By number of the export: how much later than its earliest each start is."""
    if not record.get("starts"):
        return {}
    numbers, column = record["starts"]
    ends = np.cumsum([keys[number][-1] for number in numbers])[:-1]
    return dict(zip(numbers, np.split(column.astype(np.int64, copy=False), ends), strict=True))
